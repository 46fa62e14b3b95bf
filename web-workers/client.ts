// The page's side of the worker.
import { env } from '../js/env.ts';
import { aborted, SqueezeBertError, throwIfAborted } from '../js/errors.ts';
import type { Backend, CallOptions, OperationName, Request, Result } from '../js/operations.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

interface Pending {
  resolve(value: never): void;
  reject(error: SqueezeBertError): void;
  onProgress: CallOptions['onProgress'];
  stop(): void;
}

function startWorker(): Worker {
  if (typeof env.worker === 'function') return env.worker();
  if (env.worker) return new Worker(env.worker, { type: 'module' });
  // This form, so that bundlers find the file.
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
}

export class WorkerBackend implements Backend {
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  private over: SqueezeBertError | undefined;

  get ended(): boolean {
    return this.over !== undefined;
  }

  /** Errors: WORKER. */
  constructor() {
    try {
      this.worker = startWorker();
    } catch (error) {
      throw new SqueezeBertError('WORKER', error instanceof Error ? error.message : String(error), error);
    }
    this.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.receive(data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.end(new SqueezeBertError('WORKER', event.message || 'the script did not start'));
    };
    this.worker.onmessageerror = () => this.end(new SqueezeBertError('WORKER', 'a message could not be read'));
  }

  call<Name extends OperationName>(
    name: Name,
    request: Request<Name>,
    { signal, onProgress }: CallOptions = {},
  ): Promise<Result<Name>> {
    return new Promise((resolve, reject) => {
      throwIfAborted(signal);
      if (this.over) throw this.over;
      const id = ++this.lastId;
      const onAbort = () => {
        this.post({ type: 'abort', id });
        this.take(id)?.reject(aborted(signal));
        // What has been loaded when the abort arrives has no owner.
        if (name === 'load')
          this.pending.set(id, { resolve: free, reject: () => {}, onProgress: undefined, stop: () => {} });
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const free = ({ tokenizer, model }: Result<'load'>) => {
        const handles = [tokenizer, model].flatMap((part) => (part ? [part.handle] : []));
        this.call('release', { handles }).catch(() => {});
      };
      const stop = () => signal?.removeEventListener('abort', onAbort);
      this.pending.set(id, { resolve, reject, onProgress, stop });
      try {
        this.post({ type: 'call', id, name, request } as ToWorker);
      } catch (error) {
        // What cannot be cloned into the worker is not data.
        this.take(id);
        throw new SqueezeBertError('INVALID_ARGUMENT', error instanceof Error ? error.message : String(error), error);
      }
    });
  }

  close(): void {
    this.end(new SqueezeBertError('DISPOSED'));
  }

  private post(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  private take(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    pending?.stop();
    return pending;
  }

  private receive(message: FromWorker): void {
    if (message.type === 'progress') {
      this.pending.get(message.id)?.onProgress?.(message.progress);
      return;
    }
    const pending = this.take(message.id);
    if (message.type === 'result') pending?.resolve(message.value as never);
    else pending?.reject(new SqueezeBertError(message.error.code, message.error.detail));
  }

  private end(reason: SqueezeBertError): void {
    this.over ??= reason;
    this.worker.terminate();
    for (const id of [...this.pending.keys()]) this.take(id)?.reject(this.over);
  }
}
