// Bytes that the engine reads where they lie: in memory, in a Blob, in a file of Node's.
import { SqueezeBertError } from '../errors.ts';
import { nodeModule } from '../node.ts';

/** Bytes that the engine reads piece by piece. `read` fills `target` and says whether it could. */
export interface SyncSource {
  readonly size: number;
  read(offset: number, target: Uint8Array): boolean;
  /** A second time does nothing. */
  close?(): void;
}

export function bytesSource(bytes: Uint8Array): SyncSource {
  return {
    size: bytes.byteLength,
    read(offset, target) {
      target.set(bytes.subarray(offset, offset + target.length));
      return true;
    },
  };
}

declare const FileReaderSync: (new () => { readAsArrayBuffer(blob: Blob): ArrayBuffer }) | undefined;

/** In a worker a Blob stays where the browser keeps it, often on disk; elsewhere it is read at once. */
export async function blobSource(blob: Blob): Promise<SyncSource> {
  if (typeof FileReaderSync === 'undefined') return bytesSource(new Uint8Array(await blob.arrayBuffer()));
  const reader = new FileReaderSync();
  return {
    size: blob.size,
    read(offset, target) {
      try {
        target.set(new Uint8Array(reader.readAsArrayBuffer(blob.slice(offset, offset + target.length))));
        return true;
      } catch {
        return false;
      }
    },
  };
}

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
