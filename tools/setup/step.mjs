// Steps with a name and a time, and failures that are one sentence.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A failure that the user can do something about; its message is the sentence to print. */
export class SetupError extends Error {}

export const seconds = (from) => `${((performance.now() - from) / 1000).toFixed(1)} s`;

/**
 * Runs `work` (sync or async) as a named step. What `work` returns, when it is text, is printed as its outcome.
 * `work` gets a function that prints a line of detail.
 */
export async function step(name, work) {
  const from = performance.now();
  const outcome = await work((detail) => console.log(`setup: ${name}: ${detail}`));
  console.log(`setup: ${name}: ${typeof outcome === 'string' ? outcome : 'done'} (${seconds(from)})`);
}

/**
 * Runs a command without standard input and returns its standard output. A command that fails throws a SetupError with
 * `what` as the sentence, or null is returned when `what` is null; the command's last lines go to standard error.
 */
export function run(command, args, what, { env = {}, cwd } = {}) {
  const result = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (result.status === 0) return result.stdout;
  if (what === null) return null;
  const said = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim().split('\n').slice(-30).join('\n');
  console.error(`${[command, ...args].join(' ')}\n${said || result.error?.message || `ended by ${result.signal}`}`);
  throw new SetupError(what);
}

/** The full path of a program on the PATH, or null. */
export function which(program, path = process.env.PATH ?? '') {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return join(folder, program);
    } catch {
      // not in this folder
    }
  }
  return null;
}

/** Compares [20, 19] with '20.19.2' and the like. */
export function atLeast(version, minimum) {
  const parts = version.split('.').map(Number);
  for (const [i, wanted] of minimum.entries()) {
    if ((parts[i] ?? 0) !== wanted) return (parts[i] ?? 0) > wanted;
  }
  return true;
}
