import { SupersededError } from './errors.ts';

/**
 * For work that follows somebody's typing: while one call runs, only the newest of those that come after it waits; the ones
 * in between reject with `SupersededError`. So the last call always runs, and never after a queue of outdated ones.
 *
 * ```ts
 * const read = newestWins((text: string) => classify(text));
 * input.oninput = async () => {
 *   try {
 *     show(await read(input.value));
 *   } catch (error) {
 *     if (!(error instanceof SupersededError)) throw error;
 *   }
 * };
 * ```
 */
export function newestWins<Arguments extends unknown[], Value>(
  work: (...args: Arguments) => Promise<Value>,
): (...args: Arguments) => Promise<Value> {
  interface Waiting {
    args: Arguments;
    resolve(value: Promise<Value>): void;
    reject(error: SupersededError): void;
  }
  let running = false;
  let waiting: Waiting | undefined;

  async function run(args: Arguments): Promise<Value> {
    running = true;
    try {
      return await work(...args);
    } finally {
      running = false;
      const next = waiting;
      waiting = undefined;
      if (next) next.resolve(run(next.args));
    }
  }

  return (...args) => {
    if (!running) return run(args);
    waiting?.reject(new SupersededError());
    return new Promise((resolve, reject) => {
      waiting = { args, resolve, reject };
    });
  };
}
