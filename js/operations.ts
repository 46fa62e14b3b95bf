// What the engine can do, as plain data that crosses to a worker. One interface, two implementations: js/engine/local.ts
// in this thread, web-workers/client.ts in a worker.
import type { EncodedBatch } from './encodings.ts';
import type { Build, WasmSource } from './env.ts';

/** A file of a model: where to fetch it, its content, or a path in Node. */
export type FileSpec = { url: string } | { path: string } | Blob | Uint8Array;

/** The files of a model by their names. `folder`: those not listed may be fetched from there. */
export interface FilesSpec {
  /** As it was asked for; default: the folder. */
  name?: string | undefined;
  files: Record<string, FileSpec>;
  folder?: string | undefined;
  /** A folder on disk, in Node. */
  directory?: string | undefined;
}

export type Head =
  | 'none'
  | 'sequence-classification'
  | 'token-classification'
  | 'question-answering'
  | 'masked-lm'
  | 'multiple-choice';

/**
 * How weights are kept. `fp32` and `fp16` compute in float32; `q8` and `q4` in int8 products, at a quarter and an eighth of
 * the memory.
 */
export type DataType = 'fp32' | 'fp16' | 'q8' | 'q4';

/** How a folder of sentence-transformers makes one vector of a text. */
export interface SentenceSettings {
  pooling: 'cls' | 'mean' | 'max' | 'mean_sqrt_len';
  normalize: boolean;
  /** Tokens of a text that are read. */
  maxLength: number | undefined;
}

export interface TokenizerInfo {
  handle: number;
  vocabSize: number;
  modelMaxLength: number;
  specialIds: { pad: number; unk: number; cls: number; sep: number; mask: number };
}

export interface ModelInfo {
  handle: number;
  head: Head;
  dtype: DataType;
  labels: string[];
  maxLength: number;
  hiddenSize: number;
  vocabSize: number;
  weightBytes: number;
  /** Loaded with the head `none` and a tokenizer, where the folder says it. */
  sentence?: SentenceSettings | null | undefined;
}

export interface LoadRequest {
  source: FilesSpec;
  tokenizer: boolean;
  model: boolean;
  /** Overrides the head that config.json names. */
  head?: Head | undefined;
  /** Absent: as the file holds them, and large models of floats as `q8`. */
  dtype?: DataType | undefined;
  /** Sent with each download. */
  headers?: Record<string, string> | undefined;
  /** SHA-256 of files by their names. */
  integrity?: Record<string, string> | undefined;
  /** Only what is in the cache or needs no network. */
  localOnly?: boolean | undefined;
  /** Default: `no-store`. */
  cache?: CacheMode | undefined;
  /** The folder of the cache, in Node. */
  cacheDir?: string | undefined;
}

/**
 * What a load does with the cache: `default` takes what is there, and keeps what had to be fetched; `reload` fetches, and
 * keeps; `no-cache` asks the server whether what is there is still what it has; `no-store` does neither.
 */
export type CacheMode = 'default' | 'reload' | 'no-cache' | 'no-store';

/** A part of a model in the cache. */
export interface CacheEntry {
  /** As it was asked for: `owner/name`, or the address of a folder. */
  source: string;
  /** The address that it came from, with the revision. */
  folder: string;
  part: 'tokenizer' | 'model';
  /** How the weights are kept; empty for a tokenizer. */
  dtype: string;
  bytes: number;
  /** When it was written: ms since 1970. */
  created: number;
}

export interface EncodeOptions {
  addSpecialTokens: boolean;
  keepOverflowing: boolean;
  truncation: { maxLength: number; stride: number; strategy: number; left: boolean } | null;
  padding: { length: number; multipleOf: number; left: boolean } | null;
}

export interface RunRequest {
  model: number;
  ids: Int32Array;
  typeIds: Int32Array | null;
  attentionMask: Int32Array | null;
  lengths: Int32Array;
  hiddenStates: boolean;
  attentions: boolean;
  attentionScores: boolean;
  lastHiddenState: boolean;
  poolerOutput: boolean;
}

export interface EngineTensor {
  name: string;
  dims: Int32Array;
  data: Float32Array;
}

export interface Scores {
  labels: Int32Array;
  scores: Float32Array;
  tokens: number;
  truncated: boolean;
}

/** What runs. */
export interface Started {
  build: Build;
  threads: number;
  /** Absent: one. */
  workers?: number;
}

export interface Operations {
  start: {
    request: { wasm?: WasmSource | undefined; build?: Build | undefined; threads?: number | undefined };
    result: Started;
  };
  load: { request: LoadRequest; result: { tokenizer: TokenizerInfo | null; model: ModelInfo | null } };
  release: { request: { handles: number[] }; result: null };
  encode: {
    request: { tokenizer: number; texts: string[]; pairs: string[]; options: EncodeOptions };
    result: EncodedBatch;
  };
  decode: {
    request: { tokenizer: number; ids: Int32Array[]; skipSpecialTokens: boolean; cleanUp: boolean };
    result: string[];
  };
  idsToTokens: { request: { tokenizer: number; ids: Int32Array }; result: string[] };
  tokensToIds: { request: { tokenizer: number; tokens: string[] }; result: number[] };
  normalize: { request: { tokenizer: number; text: string }; result: string };
  run: { request: RunRequest; result: EngineTensor[] };
  classify: {
    request: { tokenizer: number; model: number; texts: string[]; pairs: (string | null)[]; topK: number };
    result: Scores[];
  };
  heapBytes: { request: null; result: number };
  listCache: { request: { cacheDir?: string | undefined }; result: CacheEntry[] };
  /** Without a source: everything. The result is how many entries were there. */
  clearCache: { request: { cacheDir?: string | undefined; source?: string | undefined }; result: number };
}

export type OperationName = keyof Operations;
export type Request<Name extends OperationName> = Operations[Name]['request'];
export type Result<Name extends OperationName> = Operations[Name]['result'];

/**
 * As transformers.js reports it. `progress_total` counts over all files; `not_cached` says in `message` why the model, which
 * works, could not be kept.
 */
export interface Progress {
  status: 'initiate' | 'download' | 'progress' | 'progress_total' | 'done' | 'ready' | 'not_cached';
  /** The model as it was asked for. */
  name: string;
  file?: string;
  /** Percent, where the size is known. */
  progress?: number;
  /** Bytes. */
  loaded?: number;
  total?: number;
  /** Bytes a second since the first. */
  speed?: number;
  message?: string;
}

export interface CallOptions {
  signal?: AbortSignal | null | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** The engine, wherever it runs. */
export interface Backend {
  call<Name extends OperationName>(name: Name, request: Request<Name>, options?: CallOptions): Promise<Result<Name>>;
  /** Closed or crashed: every further call is in vain. */
  readonly ended: boolean;
  /** Ends it; its pending calls reject with DISPOSED. */
  close(): void;
}
