import { type ModelCache, modelCache } from './cache/model-cache.ts';

/** Which WebAssembly build runs: `simd-relaxed` where the browser knows relaxed SIMD, else `simd`. */
export type Build = 'simd' | 'simd-relaxed';

/** Where a WebAssembly module comes from. */
export type WasmSource = string | URL | Response | ArrayBuffer | Uint8Array | WebAssembly.Module;

/** Defaults of the whole package. Set them before the first call. */
export interface Environment {
  /** Host of models that are named `owner/name`. */
  hub: string;
  /** What has been loaded before, for the next time. */
  cache: ModelCache;
  /** The folder of the cache, in Node. Default: `squeezebert-wasm/models` in the user's cache folder. */
  cacheDir?: string | undefined;
  /** The engine's file, where the bundler or server does not deliver the one of the package. Fits `build`. */
  wasm?: WasmSource | undefined;
  /** Takes this build instead of what the browser's features suggest. */
  build?: Build | undefined;
  /**
   * Threads that compute a pass together. Default: as many as there are processors, at most 4. More than one need a page that
   * is cross-origin isolated (docs/threads.md); elsewhere, and where they do not start, it is one.
   */
  threads?: number | undefined;
  /** The web worker, where the bundler does not deliver the one of the package (`squeezebert-wasm/worker`). */
  worker?: string | URL | (() => Worker) | undefined;
}

export const env: Environment = { hub: 'https://huggingface.co', cache: modelCache };
