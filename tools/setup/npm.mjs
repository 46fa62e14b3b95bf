// node_modules as package-lock.json says.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './step.mjs';

/** True when every package of the lock is installed in its version; more may be installed. */
export function modulesReady(folder) {
  const read = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : null);
  const lock = read(join(folder, 'package-lock.json'));
  const installed = read(join(folder, 'node_modules/.package-lock.json'));
  if (!lock || !installed) return false;
  return Object.entries(lock).every(([path, { version, optional, link }]) => {
    if (path === '' || link) return true;
    // an optional package may be one for another processor
    return installed[path] ? installed[path].version === version : optional === true;
  });
}

export function installModules(folder, detail) {
  if (modulesReady(folder)) return 'node_modules matches the lock';
  detail('npm ci');
  // No install script is needed: all that is native comes built.
  run(
    'npm',
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund'],
    'npm ci failed: look at its message above, most often there is no network.',
    {
      cwd: folder,
    },
  );
  return 'installed';
}
