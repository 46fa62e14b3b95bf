// Files on disk, in Node. In the bundles for pages no-disk.ts stands in its place (tools/build-js.mjs).
import type { Store } from '../cache/store.ts';
import type { SyncSource } from '../engine/sync-source.ts';
import { SqueezeBertError } from '../errors.ts';
import { nodeModule } from '../node.ts';

/** Errors: FILE_READ for what is there but is no readable file. */
export function pathSource(path: string): SyncSource | null {
  const { closeSync, existsSync, fstatSync, openSync, readSync, statSync } = nodeModule('node:fs');
  if (!existsSync(path)) return null;
  if (!statSync(path).isFile()) throw new SqueezeBertError('FILE_READ', `${path} is not a file`);
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw new SqueezeBertError('FILE_READ', path, error);
  }
  let open = true;
  return {
    size: fstatSync(file).size,
    read(offset, target) {
      // A view of wasm memory: what Node reads into lies there at once.
      try {
        for (let done = 0; done < target.length; ) {
          const count = readSync(file, target, done, target.length - done, offset + done);
          if (count === 0) return false;
          done += count;
        }
        return true;
      } catch {
        return false;
      }
    },
    close() {
      if (open) closeSync(file);
      open = false;
    },
  };
}

function defaultDirectory(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  return `${XDG_CACHE_HOME || LOCALAPPDATA || `${nodeModule('node:os').homedir()}/.cache`}/squeezebert-wasm/models`;
}

/** Files of a folder, made when something is written. */
export function diskStore(directory: string = defaultDirectory()): Store {
  const fs = nodeModule('node:fs');
  const path = (name: string) => `${directory}/${name}`;
  return {
    list: async () => (fs.existsSync(directory) ? fs.readdirSync(directory) : []),
    read: async (name) => pathSource(path(name)),
    async write(name, parts) {
      fs.mkdirSync(directory, { recursive: true });
      // Under another name until it is whole: other processes may be reading the old one.
      const temporary = path(`${name}.${process.pid}`);
      try {
        const file = fs.openSync(temporary, 'w');
        try {
          for (const part of parts)
            for (let done = 0; done < part.length; ) done += fs.writeSync(file, part, done, part.length - done);
        } finally {
          fs.closeSync(file);
        }
        fs.renameSync(temporary, path(name));
      } catch (error) {
        fs.rmSync(temporary, { force: true });
        throw error;
      }
    },
    remove: async (name) => fs.rmSync(path(name), { force: true }),
  };
}
