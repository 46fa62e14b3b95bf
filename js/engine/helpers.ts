// Helper threads: workers, each with an instance of the engine's module over the same memory, that run kernels and nothing
// else (wasm/threads.cpp, src/parallel).
import type { EngineModule } from './wasm.ts';

/** The name by which a worker's script knows that it is to be a helper. */
export const helperName = 'squeezebert-helper';

/** Starts the worker that answers one HelperStart with a message when it is ready. */
export type StartHelper = () => Worker;

export interface HelperStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  /** Of `helper_function` in wasm/threads.h, and the stack for it. */
  entry: number;
  stack: number;
}

/** In the helper's worker: does tasks until the worker is ended. Errors: those of instantiation. */
export async function help({ module, memory, entry, stack }: HelperStart, ready: () => void): Promise<void> {
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module: space, name, kind } of WebAssembly.Module.imports(module)) {
    imports[space] ??= {};
    imports[space][name] =
      kind === 'memory'
        ? memory
        : () => {
            throw new Error('a kernel has called JavaScript');
          };
  }
  const { exports } = await WebAssembly.instantiate(module, imports);
  const table = Object.values(exports).find((value) => value instanceof WebAssembly.Table) as WebAssembly.Table;
  const run = table.get(entry) as (stack: number, failed: number) => void;
  ready();
  try {
    run(stack, 0);
  } catch {
    // Whoever waits for this helper's task is to know.
    run(stack, 1);
  }
}

/** Starts `count` helpers and gives the function that ends them. Errors: whatever keeps one from starting; then none is left. */
export async function startHelpers(
  count: number,
  engine: EngineModule,
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  start: StartHelper,
): Promise<() => void> {
  const workers: Worker[] = [];
  const end = () => {
    for (const worker of workers) worker.terminate();
  };
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const stack = engine.addHelperStack();
      if (stack === 0) throw new Error('no memory for a thread');
      const worker = start();
      workers.push(worker);
      worker.onmessage = () => resolve();
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
      const message: HelperStart = { module, memory, entry: engine.helperFunction(), stack };
      worker.postMessage(message);
    });
  try {
    await Promise.all(Array.from({ length: count }, one));
  } catch (error) {
    end();
    throw error;
  }
  return end;
}
