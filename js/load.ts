import { invalid } from './errors.ts';
import type { CallOptions, DataType, FilesSpec, Head, LoadRequest, Progress } from './operations.ts';
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
  dtype?: DataType;
  /** Branch, tag or commit on the hub. */
  revision?: string;
  /** Sent with each download: `{ Authorization: 'Bearer ...' }`, say. */
  headers?: Record<string, string>;
}

const dataTypes: readonly DataType[] = ['fp32', 'fp16', 'q8', 'q4'];

export async function load(
  session: Session,
  source: ModelSource | FilesSpec,
  wanted: { tokenizer: boolean; model: boolean; head?: Head },
  options: LoadOptions,
): Promise<Awaited<ReturnType<Session['load']>>> {
  const { dtype } = options;
  if (dtype !== undefined && !dataTypes.includes(dtype))
    throw invalid(`'${dtype}' is no dtype; known: ${dataTypes.join(', ')}`);
  const spec = isSpec(source) ? source : await resolveSource(source, options.revision);
  const request: LoadRequest = { source: spec, ...wanted, dtype, headers: options.headers };
  const call: CallOptions = { signal: options.signal, onProgress: options.progress_callback };
  const loaded = await session.load(request, call);
  options.progress_callback?.({ status: 'ready', name: spec.folder ?? spec.directory ?? '' });
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
