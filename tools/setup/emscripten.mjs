// emcc: the one on the PATH when it is new enough, else Debian 13's, unpacked into the cache.
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, fillFolder } from './cache.mjs';
import { downloadPackages } from './debian.mjs';
import { atLeast, run, SetupError, which } from './step.mjs';
import { emccMinimum, emscriptenFolder, emscriptenPackages } from './versions.mjs';

const ours = () => join(cacheFolder(), emscriptenFolder);
const wanted = `${emscriptenPackages.join('\n')}\n`;

/** { version, root } of the emcc on the PATH; null when there is none, or one that is too old. */
function emccOnPath() {
  if (!which('emcc')) return null;
  const version = run('emcc', ['--version'], null)?.match(/\b(\d+\.\d+\.\d+)/)?.[1];
  if (!version || !atLeast(version, emccMinimum)) return null;
  const root = run('em-config', ['EMSCRIPTEN_ROOT'], null)?.trim();
  return root ? { version, root } : null;
}

const fetched = () => {
  const note = join(ours(), 'packages.txt');
  return existsSync(note) && readFileSync(note, 'utf8') === wanted;
};

/**
 * What emcc needs in the environment: { version, root, path, env }, `path` the folder to put on the PATH or null. Null
 * when there is no emcc.
 */
export function emscripten() {
  const found = emccOnPath();
  if (found) return { version: found.version, root: found.root, path: null, env: {} };
  if (!fetched()) return null;
  const root = join(ours(), 'usr/share/emscripten');
  return { version: emccMinimum.join('.'), root, path: root, env: { EM_CONFIG: join(ours(), 'config.py') } };
}

export async function fetchEmscripten(codename, detail) {
  const ready = emscripten();
  if (ready) return ready.path ? `${ready.version} in ${ours()}` : `${ready.version} found on the PATH`;
  if (!codename) {
    throw new SetupError(
      `There is no emcc of at least ${emccMinimum.join('.')} on the PATH, and only on Debian 12 or 13 can set-up fetch one: install emsdk, activate it and start again.`,
    );
  }
  detail('downloading 250 MB');
  await fillFolder(
    ours(),
    (partial) => unpack(downloadPackages(emscriptenPackages, partial, codename), partial, detail),
    {
      replace: true,
    },
  );
  return `in ${ours()}`;
}

function unpack(files, partial, detail) {
  detail('unpacking');
  for (const file of files) {
    // Left out: system libraries for dynamic linking, link-time optimisation (it saved 1 kB of 38), wasm workers and
    // exceptions, and emscripten's own tests.
    const library = 'usr/share/emscripten/cache/sysroot/lib/wasm32-emscripten';
    const skip = [
      `${library}/pic`,
      `${library}/lto`,
      `${library}/lto-pic`,
      `${library}/*-ww*`,
      `${library}/*-except*`,
      'usr/share/emscripten/test',
    ]
      .map((path) => `--exclude='./${path}'`)
      .join(' ');
    const command = `set -o pipefail; dpkg --fsys-tarfile "$1" | tar -x -C "$2" ${skip}`;
    run('bash', ['-c', command, 'unpack', file, partial], `${file} could not be unpacked: is the disk full?`);
  }
  rmSync(join(partial, 'apt'), { recursive: true });

  // Programs of a newer Debian need its libc; they get it by name, and the system's own stays as it is.
  const root = ours();
  const multiarch = readdirSync(join(partial, 'usr/lib')).find((name) => name.endsWith('-linux-gnu'));
  const libraries = join('usr/lib', multiarch);
  const loader = readdirSync(join(partial, libraries)).find((name) => /^ld-linux.*\.so\.\d+$/.test(name));
  const bin = join(partial, 'usr/bin');
  const failed = "patchelf could not prepare binaryen's programs.";
  const loaderPath = join(root, libraries, loader);
  for (const name of readdirSync(bin).filter((name) => name.startsWith('wasm-') || name === 'wasm2js')) {
    run('patchelf', ['--set-interpreter', loaderPath, '--set-rpath', join(root, libraries), join(bin, name)], failed);
  }
  for (const name of ['libbinaryen.so', 'libstdc++.so.6']) {
    run('patchelf', ['--set-rpath', join(root, libraries), join(partial, libraries, name)], failed);
  }

  // emscripten's scripts are ES modules and look for acorn beside themselves only.
  symlinkSync('../nodejs', join(partial, 'usr/share/emscripten/node_modules'));
  const llvm = '/usr/lib/llvm-19/bin';
  if (!existsSync(join(llvm, 'clang'))) throw new SetupError(`clang-19 is installed, but ${llvm} has no clang.`);
  const config = {
    EMSCRIPTEN_ROOT: join(root, 'usr/share/emscripten'),
    LLVM_ROOT: llvm,
    BINARYEN_ROOT: join(root, 'usr'),
    NODE_JS: process.execPath,
    CACHE: join(root, 'usr/share/emscripten/cache'),
    LLVM_ADD_VERSION: '',
    CLANG_ADD_VERSION: '',
  };
  const lines = Object.entries(config).map(([key, value]) => `${key} = '${value}'\n`);
  writeFileSync(join(partial, 'config.py'), `${lines.join('')}FROZEN_CACHE = True\n`);
  writeFileSync(join(partial, 'packages.txt'), wanted);
}
