// Picks and instantiates the WebAssembly build.

import createModule, { type MainModule } from '#glue';
import type { Build, WasmSource } from '../env.ts';
import { SqueezeBertError } from '../errors.ts';
import { nodeModule } from '../node.ts';
import { type StartHelper, startHelpers } from './helpers.ts';

export type EngineModule = MainModule;

// The smallest modules that use one instruction each: a function () -> v128 of i8x16.popcnt, and one of
// i8x16.relaxed_swizzle.
const simdProbe = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
];
const relaxedProbe = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15,
  253, 128, 2, 11,
];
const validates = (bytes: number[]) => {
  try {
    return WebAssembly.validate(new Uint8Array(bytes));
  } catch {
    return false;
  }
};

/** Errors: WASM_UNSUPPORTED where there is no SIMD. */
export function bestBuild(): Build {
  if (typeof WebAssembly === 'undefined' || !validates(simdProbe)) throw new SqueezeBertError('WASM_UNSUPPORTED');
  return validates(relaxedProbe) ? 'simd-relaxed' : 'simd';
}

// Literals, so that bundlers find the files. First the one for one thread.
const urls: Record<Build, readonly [() => URL, () => URL]> = {
  simd: [
    () => new URL('./squeezebert-simd.wasm', import.meta.url),
    () => new URL('./squeezebert-simd-threads.wasm', import.meta.url),
  ],
  'simd-relaxed': [
    () => new URL('./squeezebert-simd-relaxed.wasm', import.meta.url),
    () => new URL('./squeezebert-simd-relaxed-threads.wasm', import.meta.url),
  ],
};

async function fetched(url: URL): Promise<Response | Uint8Array<ArrayBuffer>> {
  if (url.protocol === 'file:') {
    return new Uint8Array(await nodeModule('node:fs').promises.readFile(url));
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered with status ${response.status}`);
  return response;
}

async function compile(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const bytes = typeof source === 'string' || source instanceof URL ? await fetched(new URL(source)) : source;
  if (!(bytes instanceof Response)) return WebAssembly.compile(bytes as BufferSource);
  // Servers that call it another type than application/wasm do no harm.
  if (bytes.headers.get('content-type')?.split(';')[0] === 'application/wasm')
    return WebAssembly.compileStreaming(bytes);
  return WebAssembly.compile(await bytes.arrayBuffer());
}

function instantiate(module: WebAssembly.Module, wasmMemory?: WebAssembly.Memory): Promise<EngineModule> {
  return new Promise((resolve, reject) => {
    createModule({
      ...(wasmMemory && { wasmMemory }),
      instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) {
        WebAssembly.instantiate(module, imports).then(done).catch(reject);
        return {};
      },
    }).then(resolve, reject);
  });
}

/**
 * The largest size of a shared memory is set aside from the start, and phones refuse large ones. 1 GB holds the largest models
 * that a page should load; where even an eighth is refused, one thread has to do.
 */
function sharedMemory(): WebAssembly.Memory {
  for (let maximum = 16_384; ; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial: 256, maximum, shared: true });
    } catch (error) {
      if (maximum <= 2048) throw error;
    }
  }
}

export interface Engine {
  module: EngineModule;
  threads: number;
  /** Ends the helper threads. */
  end(): void;
}

/**
 * `threads`: as in `env`. More than one only where `start` is given, the page is isolated and they start; else one.
 * Errors: WASM_UNSUPPORTED, WASM_LOAD.
 */
export async function loadEngine(
  source: WasmSource | undefined,
  build: Build,
  threads?: number,
  start?: StartHelper,
): Promise<Engine> {
  const isolated = start && globalThis.crossOriginIsolated;
  const wanted = isolated ? (threads ?? Math.min(navigator.hardwareConcurrency, 4)) : 1;
  try {
    const given = source && (await compile(source));
    if (isolated && wanted > 1) {
      try {
        const compiled = given ?? (await compile(urls[build][1]()));
        const memory = sharedMemory();
        const module = await instantiate(compiled, memory);
        const end = await startHelpers(wanted - 1, module, compiled, memory, start).catch(() => null);
        // Without helpers the module's own thread does every task.
        return { module, threads: end ? wanted : 1, end: end ?? (() => {}) };
      } catch {
        // No memory to share, or no such file: the build for one thread has the same result.
      }
    }
    return { module: await instantiate(given ?? (await compile(urls[build][0]()))), threads: 1, end: () => {} };
  } catch (error) {
    throw new SqueezeBertError('WASM_LOAD', error instanceof Error ? error.message : String(error), error);
  }
}
