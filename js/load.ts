import { env } from './env.ts';
import { invalid } from './errors.ts';
import type { CacheMode, CallOptions, DataType, FilesSpec, Head, LoadRequest, Progress } from './operations.ts';
import type { Session } from './session.ts';
import { type ModelSource, resolveSource } from './sources.ts';

/** Options of everything that loads. */
export interface LoadOptions {
  /** Called with every step of every download. */
  progress_callback?: (progress: Progress) => void;
  /** Stops the load, which then rejects with the code ABORTED. */
  signal?: AbortSignal | null;
  /**
   * How the weights are kept in memory, whatever the file holds. Default: as the file holds them, where it holds them
   * quantised; float weights as `q8` in models of more than 8 million numbers, else as `fp32`.
   */
  dtype?: DataType | undefined;
  /** Branch, tag or commit on the hub. */
  revision?: string;
  /** Sent with each download: `{ Authorization: 'Bearer ...' }`, say. */
  headers?: Record<string, string>;
  /** For models that are not public: sent to the hub, and to nobody else. */
  token?: string | undefined;
  /**
   * What the cache does. `default`: what is there is taken, with no request at all, however old it is, and what had to be
   * fetched is kept. `no-cache`: the server is asked whether the files have changed. `reload`: fetched anew, and kept.
   * `no-store`: as if there were none.
   */
  cache?: CacheMode;
  /** Only from the cache or from files at hand; what is not there is FILE_NOT_FOUND. */
  local_files_only?: boolean;
  /** SHA-256 of files by their names, in hexadecimal or as `sha256-...` in base64. */
  integrity?: Record<string, string>;
  /**
   * Web workers, 1 to 64, that have the model each, and share the texts of a call among them: for batches in pages where there
   * are no threads (docs/threads.md). Default 1. The engine in this thread has one.
   */
  workers?: number;
}

const dataTypes: readonly DataType[] = ['fp32', 'fp16', 'q8', 'q4'];
const cacheModes: readonly CacheMode[] = ['default', 'reload', 'no-cache', 'no-store'];

/** What the engine is asked for. Errors: INVALID_ARGUMENT. */
export function requestOf(
  spec: FilesSpec,
  wanted: { tokenizer: boolean; model: boolean; head?: Head },
  { dtype, cache, token, headers, integrity, local_files_only }: LoadOptions,
): LoadRequest {
  if (dtype !== undefined && !dataTypes.includes(dtype))
    throw invalid(`'${dtype}' is no dtype; known: ${dataTypes.join(', ')}`);
  if (cache !== undefined && !cacheModes.includes(cache))
    throw invalid(`'${cache}' is no mode of the cache; known: ${cacheModes.join(', ')}`);
  const atHub = token && spec.folder !== undefined && new URL(spec.folder).origin === new URL(env.hub).origin;
  return {
    source: spec,
    ...wanted,
    dtype,
    headers: atHub ? { ...headers, Authorization: `Bearer ${token}` } : headers,
    integrity,
    localOnly: local_files_only,
    cache: env.cache.enabled ? (cache ?? 'default') : 'no-store',
    cacheDir: env.cacheDir,
  };
}

export async function load(
  session: Session,
  source: ModelSource | FilesSpec,
  wanted: { tokenizer: boolean; model: boolean; head?: Head },
  options: LoadOptions,
): Promise<Awaited<ReturnType<Session['load']>>> {
  const spec = isSpec(source) ? source : await resolveSource(source, options.revision);
  const request = requestOf(spec, wanted, options);
  const call: CallOptions = { signal: options.signal, onProgress: options.progress_callback };
  const loaded = await session.load(request, call);
  options.progress_callback?.({ status: 'ready', name: spec.name ?? spec.folder ?? spec.directory ?? '' });
  return loaded;
}

const isSpec = (source: ModelSource | FilesSpec): source is FilesSpec =>
  typeof source === 'object' && source !== null && 'files' in source && !(source.files instanceof Blob);

/** For `await using`, where the platform knows it. */
export function asyncDisposable<Value extends object>(
  value: Value,
  dispose: () => Promise<void>,
): Value & { readonly [Symbol.asyncDispose]: () => Promise<void> } {
  if (typeof Symbol.asyncDispose === 'symbol') Object.defineProperty(value, Symbol.asyncDispose, { value: dispose });
  return value as Value & { readonly [Symbol.asyncDispose]: () => Promise<void> };
}
