// The folder outside the checkout that set-up fills.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

export const cacheFolder = () => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'squeezebert-wasm');

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * Fills `target` by `work(partial)`, which writes into a new folder beside it; only a finished folder gets the name, so
 * an interrupted run is never taken for done. `replace`: an old folder of that name gives way.
 */
export async function fillFolder(target, work, { replace = false } = {}) {
  mkdirSync(dirname(target), { recursive: true });
  const mark = `${basename(target)}.partial-`;
  for (const name of readdirSync(dirname(target))) {
    if (name.startsWith(mark) && !alive(Number(name.slice(mark.length)))) {
      rmSync(join(dirname(target), name), { recursive: true, force: true });
    }
  }
  const partial = join(dirname(target), mark + process.pid);
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial);
  try {
    await work(partial);
    if (replace) rmSync(target, { recursive: true, force: true });
    // Another set-up may have finished first: then its folder is as good as ours.
    if (!existsSync(target)) renameSync(partial, target);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}
