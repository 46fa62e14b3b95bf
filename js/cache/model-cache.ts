// The cache as the page sees it.
import { env } from '../env.ts';
import type { CacheEntry } from '../operations.ts';
import { withBackend } from '../session.ts';

/**
 * What loads from the hub and from folders on servers keep: the small files as they are, the weights as the engine holds them.
 * In the browser in the origin's files (OPFS), in Cache Storage where there are none, else in memory; in Node in a folder
 * (`env.cacheDir`).
 */
export interface ModelCache {
  /** False: loads neither read nor write it. Default true. */
  enabled: boolean;
  list(): Promise<CacheEntry[]>;
  /** Bytes of all entries. */
  size(): Promise<number>;
  /**
   * Forgets a model in all its revisions and types, by the name or the address that it was asked for with. Gives how many
   * entries there were.
   */
  delete(source: string): Promise<number>;
  /** Forgets everything. */
  clear(): Promise<void>;
}

const list = () => withBackend((backend) => backend.call('listCache', { cacheDir: env.cacheDir }));
const clear = (source?: string) =>
  withBackend((backend) => backend.call('clearCache', { cacheDir: env.cacheDir, source }));

export const modelCache: ModelCache = {
  enabled: true,
  list,
  size: async () => (await list()).reduce((sum, { bytes }) => sum + bytes, 0),
  delete: (source) => clear(String(source)),
  clear: async () => void (await clear()),
};
