// The cache's side of a load: what is there, and what is kept.
import { type Content, formatVersion, readEntry, removeEntry, writeEntry } from '../cache/entries.ts';
import { openStore, type Store } from '../cache/store.ts';
import { SqueezeBertError } from '../errors.ts';
import type { CacheEntry, LoadRequest } from '../operations.ts';
import { validatorOf } from './download.ts';
import { type EngineFiles, type FetchContext, nameOf, weightsFile } from './files.ts';
import type { SavedModel } from './saved.ts';
import { isWeights } from './total-progress.ts';

type Part = CacheEntry['part'];

const belongs = (part: Part, file: string) =>
  file === 'config.json' ||
  /^(tokenizer|special_tokens|added_tokens|vocab|merges)/.test(file) === (part === 'tokenizer');

function* whole(files: EngineFiles, name: string): Generator<Uint8Array> {
  const source = files.open(name);
  const bytes = new Uint8Array(source?.size ?? 0);
  if (!source?.read(0, bytes)) throw new SqueezeBertError('FILE_READ', name);
  yield bytes;
}

export class CachedLoad {
  /** Parts that came from the cache. */
  readonly found: Part[] = [];

  private constructor(
    private readonly store: Store,
    private readonly request: LoadRequest,
    private readonly folder: string,
  ) {}

  /** Undefined where there is nothing to cache: files that are here already, or nobody wants it. */
  static async open(request: LoadRequest): Promise<CachedLoad | undefined> {
    const { source, cache = 'no-store', cacheDir } = request;
    if (cache === 'no-store' || !source.folder?.startsWith('http')) return undefined;
    return new CachedLoad(await openStore(cacheDir), request, source.folder);
  }

  private key(part: Part): string {
    const { head, dtype, integrity } = this.request;
    return JSON.stringify([formatVersion, this.folder, integrity, part, ...(part === 'model' ? [head, dtype] : [])]);
  }

  /** Adds the files of the parts that are there. */
  async restore(files: EngineFiles, { signal }: FetchContext): Promise<void> {
    if (this.request.cache === 'reload') return;
    const restore = async (part: Part) => {
      if (!this.request[part]) return;
      const entry = await readEntry(this.store, this.key(part)).catch(() => null);
      if (!entry) return;
      if (this.request.cache === 'no-cache' && !(await this.upToDate(entry.validators, signal))) {
        entry.files[0]?.[1].close?.();
        return;
      }
      for (const [name, source] of entry.files) files.set(name, source);
      this.found.push(part);
    };
    await Promise.all([restore('tokenizer'), restore('model')]);
  }

  /** Where the server cannot be asked, yes. */
  private async upToDate(validators: Record<string, string>, signal: AbortSignal | null | undefined): Promise<boolean> {
    const { headers } = this.request;
    const same = await Promise.all(
      Object.entries(validators).map(async ([name, validator]) => {
        const options = { method: 'HEAD', cache: 'no-store', signal: signal ?? null, ...(headers ? { headers } : {}) };
        const response = await fetch(this.folder + name, options as RequestInit).catch(() => null);
        return !response || (response.ok && validatorOf(response) === validator);
      }),
    );
    return same.every(Boolean);
  }

  /** Forgets what was found. */
  async remove(): Promise<void> {
    for (const part of this.found) await removeEntry(this.store, this.key(part)).catch(() => {});
  }

  /** Keeps what was fetched. A failure is reported; the model works all the same. */
  async keep(files: EngineFiles, saved: SavedModel | null, dtype: string, { onProgress }: FetchContext): Promise<void> {
    const source = nameOf(this.request.source);
    for (const part of ['tokenizer', 'model'] as const) {
      if (!this.request[part] || this.found.includes(part)) continue;
      const contents = new Map<string, Content>();
      for (const name of files.names) {
        const size = files.open(name)?.size ?? 0;
        if (belongs(part, name) && !isWeights(name) && !name.endsWith('.index.json'))
          contents.set(name, { size, parts: whole(files, name) });
      }
      if (part === 'model' && saved) contents.set(weightsFile, saved);
      const validators = Object.fromEntries(Object.entries(files.validators).filter(([name]) => belongs(part, name)));
      try {
        const about = { source, folder: this.folder, part, dtype: part === 'model' ? dtype : '', validators };
        await writeEntry(this.store, this.key(part), about, contents);
      } catch (error) {
        const message = String(error);
        console.warn(`squeezebert-wasm: ${source} works, but could not be cached: ${message}`);
        onProgress?.({ status: 'not_cached', name: source, message });
      }
    }
  }
}
