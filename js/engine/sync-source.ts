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

/** Bytes. A reading of a Blob asks another process, which takes 1 ms: what is small is read once as a whole. */
const small = 1 << 24;

/** In a worker a large Blob stays where the browser keeps it, often on disk; elsewhere it is read at once. */
export async function blobSource(blob: Blob): Promise<SyncSource> {
  if (typeof FileReaderSync === 'undefined' || blob.size < small) {
    const bytes = await blob.arrayBuffer().catch(() => null);
    return bytes ? bytesSource(new Uint8Array(bytes)) : { size: blob.size, read: () => false };
  }
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
