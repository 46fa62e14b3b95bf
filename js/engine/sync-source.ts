// Bytes that the engine reads where they lie: in memory, in a Blob; js/disk has those in files of Node's.
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
