// The one engine that all pipelines and models of a page share: started by the first that loads, ended with the last. One
// that has crashed is left to those who have it, and the next that loads starts another.

import { env, type WasmSource } from './env.ts';
import { aborted, invalid, SqueezeBertError, toError } from './errors.ts';
import type { LoadOptions } from './load.ts';
import { isNode, nodeModule } from './node.ts';
import type { Backend, CallOptions, OperationName, Request, Result, Started } from './operations.ts';
import { base } from './sources.ts';

let createBackend: ((workers: number) => Backend) | undefined;

/** Each entry point says where its engine runs. `workers` > 1: in so many at once, where it can. */
export function provideBackend(create: (workers: number) => Backend): void {
  createBackend = create;
}

interface Shared {
  backend: Backend;
  /** Whether it has been told to start. */
  told: Promise<unknown>;
  started: Promise<Started>;
  users: number;
}
let shared: Shared | undefined;

/** As it can be sent to a worker. */
async function sendable(source: WasmSource | undefined): Promise<WasmSource | undefined> {
  if (typeof source === 'string' && isNode() && !/^[a-z][\w+.-]+:/i.test(source))
    return nodeModule('node:url').pathToFileURL(source).href;
  if (typeof source === 'string') return new URL(source, base()).href;
  if (source instanceof URL) return source.href;
  if (typeof Response !== 'undefined' && source instanceof Response) return source.clone().arrayBuffer();
  return source;
}

function start(backend: Backend): Shared {
  const { build, threads } = env;
  const told = sendable(env.wasm).catch((error: unknown) => {
    throw new SqueezeBertError('WASM_LOAD', `env.wasm: ${toError(error).detail}`, error);
  });
  const started = told.then((wasm) => backend.call('start', { wasm, build, threads }));
  // Whoever loads hears of it; nobody else has to.
  started.catch(() => {});
  return { backend, told, started, users: 0 };
}

/** Waits no longer than until the abort. */
function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal | null | undefined): Promise<Value> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const stop = () => reject(aborted(signal));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** One user of the engine: what it has loaded goes with it. */
export class Session {
  private over = false;
  private readonly shared: Shared;
  private handles: number[] = [];

  /** With `workers` > 1 an engine of its own. */
  constructor(workers: number) {
    const own = workers > 1;
    if (own || !shared || shared.backend.ended) {
      if (!createBackend) throw new SqueezeBertError('INTERNAL', 'no backend');
      this.shared = start(createBackend(workers));
      if (!own) shared = this.shared;
    } else {
      this.shared = shared;
    }
    this.shared.users += 1;
  }

  /** The build that runs, and its threads. Errors: WASM_UNSUPPORTED, WASM_LOAD, WORKER. */
  started(): Promise<Started> {
    return this.shared.started;
  }

  async call<Name extends OperationName>(
    name: Name,
    request: Request<Name>,
    options?: CallOptions,
  ): Promise<Result<Name>> {
    if (this.over) throw new SqueezeBertError('DISPOSED');
    const result = await this.shared.backend.call(name, request, options);
    if (this.over) throw new SqueezeBertError('DISPOSED');
    return result;
  }

  async load(request: Request<'load'>, options: CallOptions): Promise<Result<'load'>> {
    await unlessAborted(this.shared.told, options.signal);
    // The files come while the engine starts.
    const loading = this.call('load', request, options);
    loading.catch(() => {});
    await unlessAborted(this.shared.started, options.signal);
    const loaded = await loading;
    for (const part of [loaded.tokenizer, loaded.model]) if (part) this.handles.push(part.handle);
    return loaded;
  }

  /** Frees what was loaded here, and the engine where nobody else uses it. A second call does nothing. */
  async dispose(): Promise<void> {
    if (this.over) return;
    this.over = true;
    const { backend } = this.shared;
    this.shared.users -= 1;
    if (this.shared.users === 0) {
      if (shared === this.shared) shared = undefined;
      backend.close();
    } else if (this.handles.length > 0) {
      // An engine that has crashed has nothing left to free.
      await backend.call('release', { handles: this.handles }).catch(() => {});
    }
  }
}

/** Runs `load` with a new session, which ends when it fails. Errors: INVALID_ARGUMENT for `workers`. */
export async function withSession<Value>(
  { workers = 1 }: LoadOptions,
  load: (session: Session) => Promise<Value>,
): Promise<Value> {
  if (!Number.isInteger(workers) || workers < 1 || workers > 64) throw invalid(`workers ${workers}`);
  const session = new Session(workers);
  try {
    return await load(session);
  } catch (error) {
    await session.dispose();
    throw error;
  }
}

/** Asks the engine that runs, or one that ends with the answer, what needs no model. */
export async function withBackend<Value>(ask: (backend: Backend) => Promise<Value>): Promise<Value> {
  if (shared && !shared.backend.ended) return ask(shared.backend);
  if (!createBackend) throw new SqueezeBertError('INTERNAL', 'no backend');
  const backend = createBackend(1);
  try {
    return await ask(backend);
  } finally {
    backend.close();
  }
}

/** Bytes of the engine's memory; 0 where it does not run. */
export async function heapBytes(): Promise<number> {
  if (!shared) return 0;
  const { backend, started } = shared;
  await started;
  return backend.call('heapBytes', null);
}
