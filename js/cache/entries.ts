// Entries of the cache. An entry is one file of data - the files of a part of a model, one after the other - and a
// manifest, written last, that says where each begins, how long the whole is and what its checksum is. What has no manifest,
// or does not agree with it, is not there.
import type { SyncSource } from '../engine/sync-source.ts';
import type { CacheEntry } from '../operations.ts';
import type { Store } from './store.ts';

/** Raised when what is written changes its meaning. */
export const formatVersion = 1;

/** Bytes that are read and written at a time. */
const blockSize = 1 << 20;
/** ms after which data without a manifest is what somebody has left behind. */
const leftBehind = 3_600_000;

interface Manifest extends CacheEntry {
  key: string;
  /** Name of the file of data. */
  data: string;
  checksum: number;
  /** Where each file begins, and its bytes. */
  files: Record<string, [number, number]>;
  /** What the server called the files' versions. */
  validators: Record<string, string>;
}

/** A file to write: its bytes, and these in parts. */
export interface Content {
  size: number;
  parts: Iterable<Uint8Array>;
}

/**
 * Of 32-bit words, the last filled up with zeros (FNV-1a with a rotation): finds what disks and crashes do, at a fraction of
 * the time of SHA-256. Blocks but the last are whole words.
 */
function checksum(bytes: Uint8Array<ArrayBuffer>, from = 0x811c9dc5): number {
  const rest = bytes.length % 4;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, (bytes.length - rest) / 4);
  let sum = from;
  const add = (word: number) => {
    sum = Math.imul(((sum << 13) | (sum >>> 19)) ^ word, 0x01000193);
  };
  for (let i = 0; i < words.length; ++i) add(words[i] as number);
  let last = 0;
  for (let i = 0; i < rest; ++i) last |= (bytes[bytes.length - rest + i] as number) << (8 * i);
  add(last);
  return sum;
}

/** The parts cut into blocks; each lives until the next is asked for. */
function* blocks(contents: Iterable<Content>): Generator<Uint8Array<ArrayBuffer>> {
  const block = new Uint8Array(blockSize);
  let used = 0;
  for (const { parts } of contents) {
    for (const part of parts) {
      for (let done = 0; done < part.length; ) {
        const piece = part.subarray(done, done + blockSize - used);
        block.set(piece, used);
        used += piece.length;
        done += piece.length;
        if (used < blockSize) continue;
        yield block;
        used = 0;
      }
    }
  }
  if (used > 0) yield block.subarray(0, used);
}

/** False: it could not be read, or has another checksum. */
function agrees(source: SyncSource, expected: number): boolean {
  const block = new Uint8Array(blockSize);
  let sum: number | undefined;
  for (let at = 0; at < source.size; at += blockSize) {
    const piece = block.subarray(0, Math.min(blockSize, source.size - at));
    if (!source.read(at, piece)) return false;
    sum = checksum(piece, sum);
  }
  return sum === expected;
}

const hex = (sum: number) => (sum >>> 0).toString(16).padStart(8, '0');
const utf8 = new TextEncoder();

function idOf(key: string): string {
  const bytes = utf8.encode(key);
  return hex(checksum(bytes)) + hex(checksum(bytes, 1));
}

const manifestName = (key: string) => `${idOf(key)}.json`;

/** The JSON behind its own checksum. Null for what is none. */
async function readManifest(store: Store, name: string): Promise<Manifest | null> {
  const source = await store.read(name);
  if (!source) return null;
  try {
    const bytes = new Uint8Array(source.size);
    if (!source.read(0, bytes)) return null;
    const text = new TextDecoder().decode(bytes);
    const json = text.slice(8);
    return hex(checksum(utf8.encode(json))) === text.slice(0, 8) ? (JSON.parse(json) as Manifest) : null;
  } finally {
    source.close?.();
  }
}

async function manifests(store: Store): Promise<Manifest[]> {
  const names = (await store.list()).filter((name) => name.endsWith('.json'));
  const found = await Promise.all(names.map((name) => readManifest(store, name)));
  return found.filter((manifest) => manifest !== null);
}

/** Part of a source. */
function stretch(source: SyncSource, from: number, size: number): SyncSource {
  return {
    size,
    read: (offset, target) => source.read(from + offset, target),
    close: () => source.close?.(),
  };
}

/** One tab after the other, where the browser can do that. */
const alone = <Value>(action: () => Promise<Value>): Promise<Value> => {
  const { locks } = (globalThis.navigator ?? {}) as Partial<Navigator>;
  return locks ? (locks.request('squeezebert-wasm', action) as Promise<Value>) : action();
};

export interface Found {
  files: [string, SyncSource][];
  validators: Record<string, string>;
}

/** The files of an entry that is whole. */
export async function readEntry(store: Store, key: string): Promise<Found | null> {
  const manifest = await readManifest(store, manifestName(key));
  if (manifest?.key !== key) return null;
  const data = await store.read(manifest.data);
  if (!data) return null;
  if (data.size !== manifest.bytes || !agrees(data, manifest.checksum)) {
    data.close?.();
    return null;
  }
  const files = Object.entries(manifest.files).map(([name, [from, size]]): [string, SyncSource] => [
    name,
    stretch(data, from, size),
  ]);
  return { files, validators: manifest.validators };
}

/** Errors: those of the medium; nothing of the entry stays then. */
export async function writeEntry(
  store: Store,
  key: string,
  about: Pick<CacheEntry, 'source' | 'folder' | 'part' | 'dtype'> & { validators: Record<string, string> },
  contents: Map<string, Content>,
): Promise<void> {
  const files: Manifest['files'] = {};
  let bytes = 0;
  for (const [name, { size }] of contents) {
    files[name] = [bytes, size];
    bytes += size;
  }
  const now = Date.now();
  const data = `${idOf(key)}-${now}-${Math.random().toString(36).slice(2)}`;
  let sum: number | undefined;
  const checked = function* () {
    for (const block of blocks(contents.values())) {
      sum = checksum(block, sum);
      yield block;
    }
  };
  await alone(async () => {
    const previous = (await readManifest(store, manifestName(key)))?.data;
    try {
      await store.write(data, checked());
      const manifest: Manifest = { ...about, key, data, bytes, created: now, checksum: sum ?? 0, files };
      const json = JSON.stringify(manifest);
      await store.write(manifestName(key), [utf8.encode(hex(checksum(utf8.encode(json))) + json)]);
    } catch (error) {
      await store.remove(data).catch(() => {});
      throw error;
    }
    const used = new Set((await manifests(store)).map((manifest) => manifest.data));
    for (const name of await store.list()) {
      const written = name.split('-')[1];
      if (written && !used.has(name) && (name === previous || Number(written) < now - leftBehind))
        await store.remove(name);
    }
  });
}

/** The data goes first: what is left without it is no entry. */
async function remove(store: Store, name: string, manifest: Manifest | null): Promise<void> {
  if (manifest) await store.remove(manifest.data);
  await store.remove(name);
}

export const removeEntry = async (store: Store, key: string): Promise<void> =>
  remove(store, manifestName(key), await readManifest(store, manifestName(key)));

export async function listEntries(store: Store): Promise<CacheEntry[]> {
  return (await manifests(store)).map(({ source, folder, part, dtype, bytes, created }) => ({
    source,
    folder,
    part,
    dtype,
    bytes,
    created,
  }));
}

/** Entries of one source, by its name or address; without one, whatever there is. Gives how many. */
export async function removeEntries(store: Store, source: string | undefined): Promise<number> {
  const all = await manifests(store);
  if (source === undefined) {
    for (const name of await store.list()) await store.remove(name);
    return all.length;
  }
  const matching = all.filter(
    (entry) => entry.source === source || entry.folder === source || entry.folder === `${source}/`,
  );
  for (const entry of matching) await remove(store, manifestName(entry.key), entry);
  return matching.length;
}
