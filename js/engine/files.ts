// The files of a model, brought to where the engine can read them synchronously.
import { pathSource } from '../disk/disk.ts';
import { SqueezeBertError, throwIfAborted } from '../errors.ts';
import { isNode, nodeModule } from '../node.ts';
import type { FilesSpec, LoadRequest, Progress } from '../operations.ts';
import { Arriving, download, type Follow } from './download.ts';
import { checkIntegrity } from './integrity.ts';
import { blobSource, bytesSource, type SyncSource } from './sync-source.ts';
import { TotalProgress } from './total-progress.ts';

/** Settings that sentence-transformers has beside modules.json. */
export const sentenceFiles = ['1_Pooling/config.json', 'sentence_bert_config.json'];

export const weightsFile = 'model.safetensors';

/** What the engine sees. */
export class EngineFiles {
  private readonly sources = new Map<string, SyncSource>();
  closed = false;
  /** Versions of the files, as the server called them. */
  readonly validators: Record<string, string> = {};

  get names(): string[] {
    return [...this.sources.keys()];
  }
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

/** Errors: FILE_READ, JSON_SYNTAX, with the name. */
export function readJson(files: EngineFiles, name: string): unknown {
  const source = files.open(name) as SyncSource;
  const bytes = new Uint8Array(source.size);
  if (!source.read(0, bytes)) throw new SqueezeBertError('FILE_READ', name);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new SqueezeBertError('JSON_SYNTAX', name, error);
  }
}

export interface FetchContext {
  signal?: AbortSignal | null | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Reads the weights while they come. */
  follow?: Follow | undefined;
}

export const nameOf = ({ name, folder, directory }: FilesSpec) => name ?? folder ?? directory ?? '';

class Fetcher {
  private readonly source: FilesSpec;
  private readonly total: TotalProgress;
  /** Pages that came where optional files were expected. */
  private readonly pages = new Map<string, SqueezeBertError>();

  constructor(
    private readonly request: LoadRequest,
    readonly files: EngineFiles,
    private readonly context: FetchContext,
  ) {
    this.source = request.source;
    this.total = new TotalProgress(nameOf(request.source), request.model, (progress) => context.onProgress?.(progress));
  }

  end(): void {
    this.total.end();
  }

  /** Whether the file is there. Errors of a file that is there but cannot be had are thrown in any case. */
  async get(name: string, optional: boolean): Promise<boolean> {
    throwIfAborted(this.context.signal);
    if (this.files.has(name)) return true;
    const source = await this.find(name, optional);
    if (source) this.files.set(name, source);
    else if (!optional) throw this.missing(name);
    return source !== null;
  }

  /** The first of these that is there, each with what belongs to it. Errors: FILE_NOT_FOUND, UNEXPECTED_HTML. */
  async first(...choices: [name: string, more?: (name: string) => Promise<void>][]): Promise<void> {
    for (const [name, more] of choices) {
      if (!(await this.get(name, true))) continue;
      return more?.(name);
    }
    const names = choices.map(([name]) => name);
    const page = names.find((name) => this.pages.has(name));
    throw page ? this.pages.get(page) : this.missing(names.join(', '));
  }

  /** The files that an index of shards names. Errors: JSON_SYNTAX, FILE_NOT_FOUND, INVALID_ARGUMENT for paths. */
  async shards(index: string): Promise<void> {
    const { weight_map, metadata } = (readJson(this.files, index) ?? {}) as {
      weight_map?: object;
      metadata?: { total_size?: unknown };
    };
    // An index without a map is the engine's to refuse.
    const names: unknown[] = [...new Set(Object.values(weight_map ?? {}))];
    const size = metadata?.total_size;
    const end = index.slice(index.indexOf('.'), -'.index.json'.length);
    for (const name of names) {
      // A name beside the index: no path, nothing hidden, no other kind of file.
      if (typeof name !== 'string' || !/^\w[\w.-]*$/.test(name) || !name.endsWith(end))
        throw new SqueezeBertError('FILE_NOT_FOUND', `${index} names the file ${JSON.stringify(name)}`);
      if (typeof size === 'number' && this.isRemote(name)) this.total.set(name, 0, size / names.length);
    }
    for (const name of names) await this.get(name as string, false);
  }

  private missing(name: string): SqueezeBertError {
    const { directory, folder = directory && `${directory}/` } = this.source;
    return new SqueezeBertError('FILE_NOT_FOUND', (folder ?? '') + name);
  }

  private isRemote(name: string): boolean {
    return this.source.folder !== undefined && !Object.hasOwn(this.source.files, name);
  }

  private async find(name: string, optional: boolean): Promise<SyncSource | null> {
    const { files, folder, directory } = this.source;
    const spec = Object.hasOwn(files, name) ? files[name] : undefined;
    if (spec instanceof Uint8Array || spec instanceof Blob) return this.checked(name, spec);
    if (spec && 'path' in spec) return pathSource(spec.path);
    if (spec) return this.fetch(name, spec.url, false);
    if (directory !== undefined) return pathSource(`${directory}/${name}`);
    if (folder !== undefined) return this.fetch(name, folder + name, optional);
    return null;
  }

  private async checked(name: string, data: Blob | Uint8Array): Promise<SyncSource> {
    const expected = this.expected(name);
    if (expected !== undefined) await checkIntegrity(data as Blob | BufferSource, expected, name);
    return data instanceof Blob ? blobSource(data) : bytesSource(data);
  }

  /** The file's SHA-256, where it is given. */
  private expected(name: string): string | undefined {
    const { integrity } = this.request;
    return integrity && Object.hasOwn(integrity, name) ? integrity[name] : undefined;
  }

  private async fetch(name: string, url: string, optional: boolean): Promise<SyncSource | null> {
    const { signal, onProgress, follow } = this.context;
    const { headers, cache } = this.request;
    const base = { name: this.source.name ?? this.source.folder ?? url, file: name };
    if (url.startsWith('file:') && isNode()) return pathSource(nodeModule('node:url').fileURLToPath(url));
    onProgress?.({ status: 'initiate', ...base });
    const result = await download(url, {
      signal,
      optional,
      headers,
      reload: cache === 'reload',
      // Nothing is made of a file that is still to be compared with its SHA-256.
      follow: name === weightsFile && this.expected(name) === undefined ? follow : undefined,
      onProgress: (loaded, total) => {
        this.total.set(name, loaded, total);
        onProgress?.({
          status: 'progress',
          ...base,
          loaded,
          ...(total === undefined ? {} : { total, progress: (100 * loaded) / total }),
        });
      },
    }).catch((error: SqueezeBertError) => {
      // Servers of single-page applications have a page for whatever they do not know.
      if (!optional || error.code !== 'UNEXPECTED_HTML') throw error;
      this.pages.set(name, error);
    });
    if (!result) return null;
    const { data, validator } = result;
    const source = data instanceof Arriving ? data : await this.checked(name, data);
    this.files.validators[name] = validator;
    const { size } = source;
    this.total.set(name, size, size);
    onProgress?.({ status: 'done', ...base, loaded: size, total: size });
    return source;
  }
}

/**
 * Fetches what `request` wants and `files` does not have yet.
 *
 * Errors: those of a download; FILE_NOT_FOUND naming the file; INTEGRITY.
 */
export async function fetchFiles(
  request: LoadRequest,
  { signal, onProgress, follow }: FetchContext,
  files = new EngineFiles(),
): Promise<EngineFiles> {
  throwIfAborted(signal);
  // The first file that fails stops the others.
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const fetcher = new Fetcher(request, files, { signal: stop.signal, onProgress, follow });
  const tokenizer = async () => {
    const settings = ['tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json'];
    // A list of files is complete; a folder has to be asked, and is asked for as little as possible.
    const rest = request.source.folder === undefined ? settings : settings.slice(0, 1);
    const merges = async () => void (await fetcher.get('merges.txt', false));
    await Promise.all([
      ...rest.map((name) => fetcher.get(name, true)),
      fetcher.first(['tokenizer.json'], ['vocab.txt'], ['vocab.json', merges]),
    ]);
  };
  const model = async () => {
    const { folder, directory } = request.source;
    const shards = (index: string) => fetcher.shards(index);
    const config = fetcher.get('config.json', false);
    config.catch(() => {});
    // A folder without one has no weights either. Of a list all files are there, and can come at the same time.
    if (folder ?? directory) await config;
    if (request.head === 'none' && (await fetcher.get('modules.json', true)))
      await Promise.all(sentenceFiles.map((name) => fetcher.get(name, true)));
    const weights = fetcher.first(
      [weightsFile],
      ['model.safetensors.index.json', shards],
      ['pytorch_model.bin'],
      ['pytorch_model.bin.index.json', shards],
    );
    await Promise.all([config, weights]);
  };
  try {
    await Promise.all([request.tokenizer ? tokenizer() : null, request.model ? model() : null]);
    fetcher.end();
  } catch (error) {
    files.close();
    stop.abort();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  return files;
}
