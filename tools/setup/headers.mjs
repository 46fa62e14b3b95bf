// The header-only libraries of the C++ side, in an include folder of their own.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, fillFolder } from './cache.mjs';
import { downloadPackages } from './debian.mjs';
import { run } from './step.mjs';
import { headerFolders, headerPackages } from './versions.mjs';

export const includeFolder = () => join(cacheFolder(), 'include');

const wanted = `${headerPackages.join('\n')}\n`;
const noteOf = (folder) => join(folder, 'packages.txt');

export function headersReady() {
  const note = noteOf(includeFolder());
  return existsSync(note) && readFileSync(note, 'utf8') === wanted;
}

export async function fetchHeaders(codename, detail) {
  if (headersReady()) return `all in ${includeFolder()}`;
  detail(`downloading ${headerPackages.join(' ')}`);
  await fillFolder(
    includeFolder(),
    (partial) => {
      for (const file of downloadPackages(headerPackages, partial, codename)) {
        run('dpkg', ['-x', file, join(partial, 'root')], `${file} could not be unpacked: is the disk full?`);
      }
      for (const name of headerFolders) renameSync(join(partial, 'root/usr/include', name), join(partial, name));
      rmSync(join(partial, 'root'), { recursive: true });
      rmSync(join(partial, 'apt'), { recursive: true });
      writeFileSync(noteOf(partial), wanted);
    },
    { replace: true },
  );
  return `in ${includeFolder()}`;
}
