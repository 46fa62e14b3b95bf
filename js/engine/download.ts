// One file over HTTP: streamed, with progress, abort and plain words about what went wrong.
import { aborted, SqueezeBertError, throwIfAborted } from '../errors.ts';

export interface DownloadOptions {
  signal?: AbortSignal | null | undefined;
  headers?: Record<string, string> | undefined;
  /** Bytes so far, and in all where the server says. */
  onProgress?: ((loaded: number, total: number | undefined) => void) | undefined;
  /** Not there (404, or the page that a server sends instead): null, not an error. */
  optional?: boolean | undefined;
}

/** Small files that bundlers put into the address itself; a content security policy may forbid to fetch them. */
function fromDataUrl(url: string): Blob {
  const comma = url.indexOf(',');
  const head = url.slice(5, comma);
  const body = url.slice(comma + 1);
  if (!head.endsWith(';base64')) return new Blob([decodeURIComponent(body)]);
  return new Blob([Uint8Array.from(atob(body), (char) => char.charCodeAt(0))]);
}

async function looksLikeHtml(blob: Blob, type: string | null): Promise<boolean> {
  if (type?.startsWith('text/html')) return true;
  const start = (await blob.slice(0, 256).text()).trimStart().toLowerCase();
  return start.startsWith('<!doctype html') || start.startsWith('<html');
}

function statusError(status: number, url: string): SqueezeBertError {
  if (status === 404 || status === 410) return new SqueezeBertError('FILE_NOT_FOUND', url);
  if (status === 401 || status === 403) return new SqueezeBertError('UNAUTHORIZED', `${url}, status ${status}`);
  return new SqueezeBertError('HTTP_STATUS', `${url}, status ${status}`);
}

const failure = (error: unknown, url: string, signal?: AbortSignal | null) =>
  signal?.aborted ? aborted(signal) : new SqueezeBertError('NETWORK', url, error);

/** Pieces are handed over to a Blob - which the browser may keep on disk - when they have become this many bytes. */
const handOver = 16 << 20;

/** Errors: ABORTED, NETWORK, FILE_NOT_FOUND, UNAUTHORIZED, HTTP_STATUS, UNEXPECTED_HTML, FILE_TRUNCATED. */
export async function download(url: string, options: DownloadOptions = {}): Promise<Blob | null> {
  const { signal, headers } = options;
  throwIfAborted(signal);
  if (url.startsWith('data:')) return fromDataUrl(url);
  let response: Response;
  try {
    response = await fetch(url, { signal: signal ?? null, ...(headers ? { headers } : {}) });
  } catch (error) {
    throw failure(error, url, signal);
  }
  return receive(response, url, options);
}

/** The content of a response. Errors: as `download`. */
export async function receive(response: Response, url: string, options: DownloadOptions = {}): Promise<Blob | null> {
  const { signal, onProgress, optional } = options;
  if (!response.ok) {
    void response.body?.cancel().catch(() => {});
    if (optional && (response.status === 404 || response.status === 410)) return null;
    throw statusError(response.status, url);
  }

  // What is counted are the bytes after decompression; the header counts those before.
  const length = response.headers.get('content-encoding') ? null : response.headers.get('content-length');
  const total = length === null ? undefined : Number(length);
  const blobs: Blob[] = [];
  let parts: BlobPart[] = [];
  let waiting = 0;
  let loaded = 0;
  try {
    const reader = response.body?.getReader();
    for (;;) {
      const piece = await reader?.read();
      if (!piece?.value) break;
      parts.push(piece.value as Uint8Array<ArrayBuffer>);
      loaded += piece.value.byteLength;
      waiting += piece.value.byteLength;
      if (waiting >= handOver) {
        blobs.push(new Blob(parts));
        parts = [];
        waiting = 0;
      }
      onProgress?.(loaded, total);
    }
  } catch (error) {
    if (!signal?.aborted && total !== undefined && loaded < total)
      throw new SqueezeBertError('FILE_TRUNCATED', `${url}: ${loaded} of ${total} bytes`, error);
    throw failure(error, url, signal);
  }
  throwIfAborted(signal);
  if (total !== undefined && loaded !== total)
    throw new SqueezeBertError('FILE_TRUNCATED', `${url}: ${loaded} of ${total} bytes`);
  const blob = new Blob([...blobs, ...parts]);
  if (await looksLikeHtml(blob, response.headers.get('content-type'))) {
    if (optional) return null;
    throw new SqueezeBertError('UNEXPECTED_HTML', url);
  }
  return blob;
}
