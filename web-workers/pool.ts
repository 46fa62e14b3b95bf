// Several workers with the same model, which share the texts of a call.
import type { Backend, CallOptions, OperationName, Request, Result } from '../js/operations.ts';
import { WorkerBackend } from './client.ts';

// Pieces of a batch for each worker: texts differ in length, and who is done early takes another.
const piecesEach = 4;

interface Member {
  backend: WorkerBackend;
  /** Calls under way. */
  calls: number;
}

/** Belongs to one session, which loads once: so what is loaded has the same handles in all workers. */
export class WorkerPool implements Backend {
  private readonly members: Member[] = [];

  /** Errors: WORKER; then none is left. */
  constructor(private readonly workers: number) {
    try {
      while (this.members.length < workers) this.members.push({ backend: new WorkerBackend(), calls: 0 });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get ended(): boolean {
    return this.members.every(({ backend }) => backend.ended);
  }

  async call<Name extends OperationName>(
    name: Name,
    request: Request<Name>,
    options: CallOptions = {},
  ): Promise<Result<Name>> {
    // The name tells the type, which the compiler does not see.
    const given = request as never;
    let result: unknown;
    if (name === 'start') result = await this.start(given);
    else if (name === 'load') result = await this.load(given, options);
    else if (name === 'classify') result = await this.classify(given, options);
    else result = await this.one(name, request, options);
    return result as Result<Name>;
  }

  close(): void {
    for (const { backend } of this.members) backend.close();
  }

  /** Workers and threads are two ways to use the same processors: each worker has one thread unless more are asked for. */
  private async start(request: Request<'start'>): Promise<Result<'start'>> {
    const given = { ...request, threads: request.threads ?? 1 };
    const started = await Promise.all(this.members.map(({ backend }) => backend.call('start', given)));
    return { ...(started[0] as Result<'start'>), workers: this.workers };
  }

  /** The first downloads, reports and keeps what the others then find in the cache. */
  private async load(request: Request<'load'>, options: CallOptions): Promise<Result<'load'>> {
    const [first, ...others] = this.members.map(({ backend }) => backend) as [WorkerBackend, ...WorkerBackend[]];
    const loaded = await first.call('load', request, options);
    const again: Request<'load'> = { ...request, cache: request.cache === 'no-store' ? 'no-store' : 'default' };
    await Promise.all(others.map((backend) => backend.call('load', again, { signal: options.signal })));
    return loaded;
  }

  /** A piece that fails fails the call, whose other pieces are not begun. */
  private async classify(request: Request<'classify'>, options: CallOptions): Promise<Result<'classify'>> {
    const { texts, pairs } = request;
    const size = Math.ceil(texts.length / (this.workers * piecesEach));
    const results: Result<'classify'> = new Array(texts.length);
    let next = 0;
    const work = async () => {
      try {
        while (next < texts.length) {
          const first = next;
          next += size;
          const piece = { ...request, texts: texts.slice(first, next), pairs: pairs.slice(first, next) };
          const part = await this.one('classify', piece, options);
          results.splice(first, part.length, ...part);
        }
      } catch (error) {
        next = texts.length;
        throw error;
      }
    };
    await Promise.all(this.members.map(work));
    return results;
  }

  /** The worker with the least to do. One that has crashed is left out; where all have, the call rejects as they did. */
  private async one<Name extends OperationName>(
    name: Name,
    request: Request<Name>,
    options: CallOptions,
  ): Promise<Result<Name>> {
    const alive = this.members.filter(({ backend }) => !backend.ended);
    const member = (alive.length > 0 ? alive : this.members).reduce((a, b) => (b.calls < a.calls ? b : a));
    member.calls += 1;
    try {
      return await member.backend.call(name, request, options);
    } finally {
      member.calls -= 1;
    }
  }
}
