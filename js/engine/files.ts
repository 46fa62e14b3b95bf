// The files of a model, brought to where the engine can read them synchronously.
import { SqueezeBertError, throwIfAborted } from '../errors.ts';
import { isNode, nodeModule } from '../node.ts';
import type { FilesSpec, LoadRequest, Progress } from '../operations.ts';
import { download } from './download.ts';

/** Bytes that the engine reads piece by piece. `read` fills `target` and says whether it could. */
export interface SyncSource {
  readonly size: number;
  read(offset: number, target: Uint8Array): boolean;
  close?(): void;
}

/** What the engine sees. */
export class EngineFiles {
  private readonly sources = new Map<string, SyncSource>();
  private closed = false;

  set(name: string, source: SyncSource): void {
    this.sources.set(name, source);
    if (this.closed) source.close?.();
  }
  has(name: string): boolean {
    return this.sources.has(name);
  }
  open(name: string): SyncSource | null {
    return this.sources.get(name) ?? null;
  }
  /** What comes later is closed at once. */
  close(): void {
    this.closed = true;
    for (const source of this.sources.values()) source.close?.();
  }
}

function bytesSource(bytes: Uint8Array): SyncSource {
  return {
    size: bytes.byteLength,
    read(offset, target) {
      target.set(bytes.subarray(offset, offset + target.length));
      return true;
    },
  };
}

declare const FileReaderSync: (new () => { readAsArrayBuffer(blob: Blob): ArrayBuffer }) | undefined;

/** In a worker a Blob stays where the browser keeps it, often on disk; elsewhere it is read at once. */
async function blobSource(blob: Blob): Promise<SyncSource> {
  if (typeof FileReaderSync === 'undefined') return bytesSource(new Uint8Array(await blob.arrayBuffer()));
  const reader = new FileReaderSync();
  return {
    size: blob.size,
    read(offset, target) {
      try {
        target.set(new Uint8Array(reader.readAsArrayBuffer(blob.slice(offset, offset + target.length))));
        return true;
      } catch {
        return false;
      }
    },
  };
}

/** Errors: FILE_READ for what is there but is no readable file. */
function pathSource(path: string): SyncSource | null {
  const { closeSync, existsSync, fstatSync, openSync, readSync, statSync } = nodeModule('node:fs');
  if (!existsSync(path)) return null;
  if (!statSync(path).isFile()) throw new SqueezeBertError('FILE_READ', `${path} is not a file`);
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw new SqueezeBertError('FILE_READ', path, error);
  }
  return {
    size: fstatSync(file).size,
    read(offset, target) {
      // A view of wasm memory: what Node reads into lies there at once.
      try {
        for (let done = 0; done < target.length; ) {
          const count = readSync(file, target, done, target.length - done, offset + done);
          if (count === 0) return false;
          done += count;
        }
        return true;
      } catch {
        return false;
      }
    },
    close: () => closeSync(file),
  };
}

export interface FetchContext {
  signal?: AbortSignal | null | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}

class Fetcher {
  readonly files = new EngineFiles();
  private readonly source: FilesSpec;
  private readonly request: LoadRequest;
  private readonly context: FetchContext;

  constructor(request: LoadRequest, context: FetchContext) {
    this.source = request.source;
    this.request = request;
    this.context = context;
  }

  /** Whether the file is there. Errors of a file that is there but cannot be had are thrown in any case. */
  async get(name: string, optional: boolean): Promise<boolean> {
    throwIfAborted(this.context.signal);
    if (this.files.has(name)) return true;
    const source = await this.find(name, optional);
    if (source) this.files.set(name, source);
    else if (!optional) {
      const { directory } = this.source;
      throw new SqueezeBertError('FILE_NOT_FOUND', directory === undefined ? name : `${directory}/${name}`);
    }
    return source !== null;
  }

  private async find(name: string, optional: boolean): Promise<SyncSource | null> {
    const { files, folder, directory } = this.source;
    const spec = Object.hasOwn(files, name) ? files[name] : undefined;
    if (spec instanceof Uint8Array) return bytesSource(spec);
    if (spec instanceof Blob) return blobSource(spec);
    if (spec && 'path' in spec) return pathSource(spec.path);
    if (spec) return this.fetch(name, spec.url, false);
    if (directory !== undefined) return pathSource(`${directory}/${name}`);
    if (folder !== undefined) return this.fetch(name, folder + name, optional);
    return null;
  }

  private async fetch(name: string, url: string, optional: boolean): Promise<SyncSource | null> {
    const { signal, onProgress } = this.context;
    const base = { name: this.source.folder ?? url, file: name };
    if (url.startsWith('file:') && isNode()) return pathSource(nodeModule('node:url').fileURLToPath(url));
    onProgress?.({ status: 'initiate', ...base });
    const blob = await download(url, {
      signal,
      optional,
      headers: this.request.headers,
      onProgress: (loaded, total) =>
        onProgress?.({
          status: 'progress',
          ...base,
          loaded,
          ...(total === undefined ? {} : { total, progress: (100 * loaded) / total }),
        }),
    });
    if (!blob) return null;
    onProgress?.({ status: 'done', ...base, loaded: blob.size, total: blob.size });
    return blobSource(blob);
  }
}

/** Errors: those of a download; FILE_NOT_FOUND naming the file. */
export async function fetchFiles(request: LoadRequest, { signal, onProgress }: FetchContext): Promise<EngineFiles> {
  throwIfAborted(signal);
  // The first file that fails stops the others.
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const fetcher = new Fetcher(request, { signal: stop.signal, onProgress });
  const tokenizer = async () => {
    const settings = ['tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json'];
    // A list of files is complete; a folder has to be asked, and is asked for as little as possible.
    const rest = request.source.folder === undefined ? settings : settings.slice(0, 1);
    await Promise.all(rest.map((name) => fetcher.get(name, true)));
    if (!(await fetcher.get('tokenizer.json', true))) await fetcher.get('vocab.txt', false);
  };
  const model = async () => {
    await fetcher.get('config.json', false);
    await fetcher.get('model.safetensors', false);
  };
  try {
    await Promise.all([request.tokenizer ? tokenizer() : null, request.model ? model() : null]);
  } catch (error) {
    fetcher.files.close();
    stop.abort();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  return fetcher.files;
}
