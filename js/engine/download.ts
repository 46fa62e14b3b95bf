// One file over HTTP: streamed, taken up again where it breaks off, with progress, abort and plain words about what went
// wrong.
import { aborted, SqueezeBertError, throwIfAborted } from '../errors.ts';
import type { SyncSource } from './sync-source.ts';

/**
 * Reads a file of which so many bytes have come, and gives from where on it will read; 0: only when all have come, and not
 * this source. Called again when there are more, with another source where the file has begun anew.
 */
export type Follow = (file: SyncSource, available: number) => Promise<number>;

export interface DownloadOptions {
  signal?: AbortSignal | null | undefined;
  headers?: Record<string, string> | undefined;
  /** Past the browser's own HTTP cache. */
  reload?: boolean | undefined;
  /** Bytes so far, and in all where the server says: now and then, and at the end. */
  onProgress?: ((loaded: number, total: number | undefined) => void) | undefined;
  /** Not there (404): null, not an error. */
  optional?: boolean | undefined;
  /** Reads a large file while it comes. Its errors end the download. */
  follow?: Follow | undefined;
}

export interface Download {
  /** A Blob where it is large; what is left of a file that has been followed. */
  data: Blob | Uint8Array<ArrayBuffer> | Arriving;
  /** What changes when the file on the server does: its ETag, or its length and date. */
  validator: string;
}

/** Small files that bundlers put into the address itself; a content security policy may forbid to fetch them. */
function fromDataUrl(url: string): Blob {
  const comma = url.indexOf(',');
  const head = url.slice(5, comma);
  const body = url.slice(comma + 1);
  if (!head.endsWith(';base64')) return new Blob([decodeURIComponent(body)]);
  return new Blob([Uint8Array.from(atob(body), (char) => char.charCodeAt(0))]);
}

const isHtml = (type: string | null) => type?.startsWith('text/html') === true;

/** Errors: UNEXPECTED_HTML for a page, whatever it calls itself. */
export async function refuseHtml(blob: Blob, url: string): Promise<void> {
  const start = (await blob.slice(0, 256).text()).trimStart().toLowerCase();
  if (isHtml(blob.type) || start.startsWith('<!doctype html') || start.startsWith('<html'))
    throw new SqueezeBertError('UNEXPECTED_HTML', url);
}

export function statusError(status: number, url: string): SqueezeBertError {
  const code =
    status === 404 || status === 410
      ? 'FILE_NOT_FOUND'
      : status === 401 || status === 403
        ? 'UNAUTHORIZED'
        : 'HTTP_STATUS';
  return new SqueezeBertError(code, code === 'FILE_NOT_FOUND' ? url : `${url}, status ${status}`);
}

/** ETag, or length and date. Servers of other origins show them only where they name them as exposed. */
export function validatorOf({ headers }: Response): string {
  return headers.get('etag') ?? `${headers.get('content-length')} ${headers.get('last-modified')}`;
}

/** Pieces are read, or handed over to a Blob - which the browser may keep on disk - when they have become this many bytes. */
const handOver = 4 << 20;
/** Attempts after one that failed; a mebibyte farther than ever makes the count begin again. */
const retries = 4;
/** Longer pauses (ms) that a server asks for are not waited for. */
const longestPause = 60_000;
/** ms between two reports of progress. */
const reportEvery = 50;

/** Why an attempt ended that another may follow. */
interface Interruption {
  error: SqueezeBertError;
  /** ms to wait, where the server says. */
  pause?: number | undefined;
}

function pause(ms: number, signal: AbortSignal | null | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(aborted(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** Retry-After in ms: seconds or a date. */
function retryAfter(response: Response): number | undefined {
  const text = response.headers.get('retry-after');
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}

/** The end of what has come of a file. */
export class Arriving implements SyncSource {
  parts: Uint8Array<ArrayBuffer>[] = [];
  /** Where they begin. */
  private from = 0;

  constructor(readonly size: number) {}

  read(offset: number, target: Uint8Array): boolean {
    let at = this.from - offset;
    if (at > 0) return false;
    for (const part of this.parts) {
      if (at < target.length && at + part.length > 0)
        target.set(part.subarray(Math.max(-at, 0), target.length - at), Math.max(at, 0));
      at += part.length;
    }
    return at >= target.length;
  }

  /** Forgets parts that lie before `needed`. */
  drop(needed: number): void {
    for (let part = this.parts[0]; part && this.from + part.length <= needed; part = this.parts[0]) {
      this.from += part.length;
      this.parts.shift();
    }
  }
}

class Transfer {
  private blobs: Blob[] = [];
  private file = new Arriving(0);
  /** Undefined where nobody can read it before it is whole. */
  private follow: Follow | undefined;
  /** Bytes since the pieces were last read or handed over. */
  private waiting = 0;
  private total: number | undefined;
  private validator = '';
  /** What If-Range takes: a strong ETag or a date. */
  private condition: string | null = null;
  private from: string | undefined;
  private reported = 0;
  loaded = 0;

  constructor(
    private readonly url: string,
    private readonly options: DownloadOptions,
  ) {}

  finish(): Download {
    const { blobs, file, validator } = this;
    const { parts } = file;
    if (this.follow && this.loaded >= handOver) return { data: file, validator };
    if (blobs.length > 0) return { data: new Blob([...blobs, ...parts]), validator };
    // To a Blob and back, through another process, would take longer than a local server does.
    const data = new Uint8Array(this.loaded);
    let at = 0;
    for (const part of parts) {
      data.set(part, at);
      at += part.length;
    }
    return { data, validator };
  }

  /** Whether the file is there, or what came between. Errors: those that another attempt would not change. */
  async attempt(): Promise<boolean | Interruption> {
    const { url } = this;
    const { signal, headers, optional, reload } = this.options;
    const resume = this.loaded > 0 && this.condition !== null;
    if (!resume) this.forget();
    let response: Response;
    try {
      response = await fetch(url, {
        signal: signal ?? null,
        headers: { ...headers, ...(resume ? this.range() : {}) },
        ...(reload ? { cache: 'reload' } : {}),
      });
    } catch (cause) {
      const error = new SqueezeBertError('NETWORK', url, cause);
      // A server that has never answered will not do so now; one that has, may.
      if (this.from === undefined) throw error;
      return { error };
    }
    const { status } = response;
    const type = response.headers.get('content-type');
    const usable = response.ok && !isHtml(type) && !(status === 206 && !(resume && this.continues(response)));
    if (!usable) void response.body?.cancel().catch(() => {});
    if ([429, 502, 503, 504].includes(status)) {
      const wait = retryAfter(response);
      const error = statusError(status, wait === undefined ? url : `${url}, to be tried again in ${wait / 1000} s`);
      if (wait !== undefined && wait > longestPause) throw error;
      return { error, pause: wait ?? 1000 };
    }
    // The file has changed meanwhile, or the server counts differently.
    if (resume && (status === 416 || (status === 206 && !usable))) {
      this.forget();
      return { error: new SqueezeBertError('FILE_TRUNCATED', url) };
    }
    if (optional && (status === 404 || status === 410)) return false;
    if (!response.ok) throw statusError(status, url);
    if (!usable) throw new SqueezeBertError('UNEXPECTED_HTML', url);
    if (status !== 206) this.begin(response);
    return this.receive(response);
  }

  private forget(): void {
    this.blobs = [];
    this.file = new Arriving(0);
    this.waiting = 0;
    this.loaded = 0;
  }

  private begin(response: Response): void {
    const { headers } = response;
    this.forget();
    this.from = response.url || this.url;
    this.validator = validatorOf(response);
    const etag = headers.get('etag');
    const encoded = headers.get('content-encoding') !== null;
    this.condition = encoded ? null : etag?.startsWith('"') ? etag : headers.get('last-modified');
    // What is counted are the bytes after decompression; the header counts those before.
    const length = encoded ? null : headers.get('content-length');
    this.total = length === null ? undefined : Number(length);
    this.file = new Arriving(this.total ?? 0);
    this.follow = this.total ? this.options.follow : undefined;
  }

  /** If-Range makes a browser ask other origins for leave, which many refuse; there the answer's ETag must do. */
  private range(): Record<string, string> {
    const own =
      typeof location === 'undefined' || new URL(this.from as string, location.href).origin === location.origin;
    return {
      Range: `bytes=${this.loaded}-`,
      ...(own ? { 'If-Range': this.condition as string } : {}),
    };
  }

  /** Whether a partial answer goes on where ours broke off, in the same file. */
  private continues({ headers }: Response): boolean {
    const etag = headers.get('etag');
    const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '');
    return (
      this.condition === (etag ?? headers.get('last-modified')) &&
      Number(range?.[1]) === this.loaded &&
      (this.total === undefined || Number(range?.[2]) === this.total)
    );
  }

  private async receive(response: Response): Promise<true | Interruption> {
    const { signal, onProgress } = this.options;
    // A browser hides that an answer of another origin was compressed: then there are more bytes than announced.
    const report = () =>
      onProgress?.(this.loaded, this.total !== undefined && this.loaded <= this.total ? this.total : undefined);
    let cause: unknown;
    const reader = response.body?.getReader();
    for (;;) {
      const piece = await reader?.read().catch((error) => {
        cause = error;
      });
      if (!piece?.value) break;
      this.file.parts.push(piece.value as Uint8Array<ArrayBuffer>);
      this.loaded += piece.value.byteLength;
      this.waiting += piece.value.byteLength;
      if (this.waiting >= handOver) await this.handOver();
      const now = performance.now();
      if (now - this.reported >= reportEvery) {
        this.reported = now;
        report();
      }
    }
    throwIfAborted(signal);
    const short = this.total !== undefined && this.loaded < this.total;
    if (short || cause !== undefined) {
      const detail = `${this.url}: ${this.loaded} of ${this.total} bytes`;
      return {
        error: short
          ? new SqueezeBertError('FILE_TRUNCATED', detail, cause)
          : new SqueezeBertError('NETWORK', this.url, cause),
      };
    }
    report();
    return true;
  }

  private async handOver(): Promise<void> {
    const { file } = this;
    this.waiting = 0;
    const needed = await this.follow?.(file, this.loaded);
    if (needed) {
      file.drop(needed);
    } else {
      this.follow = undefined;
      this.blobs.push(new Blob(file.parts));
      file.parts = [];
    }
  }
}

/** Errors: ABORTED, NETWORK, FILE_NOT_FOUND, UNAUTHORIZED, HTTP_STATUS, UNEXPECTED_HTML, FILE_TRUNCATED. */
export async function download(url: string, options: DownloadOptions = {}): Promise<Download | null> {
  const { signal } = options;
  throwIfAborted(signal);
  if (url.startsWith('data:')) return { data: fromDataUrl(url), validator: '' };
  const transfer = new Transfer(url, options);
  let farthest = 0;
  for (let failures = 0; ; ++failures) {
    let result: boolean | Interruption;
    try {
      result = await transfer.attempt();
    } catch (error) {
      throwIfAborted(signal);
      throw error;
    }
    if (result === false) return null;
    if (result === true) break;
    throwIfAborted(signal);
    if (transfer.loaded > farthest + (1 << 20)) {
      farthest = transfer.loaded;
      failures = 0;
    }
    if (failures === retries) throw result.error;
    await pause(result.pause ?? 200 * 2 ** failures, signal);
  }
  const done = transfer.finish();
  const { data } = done;
  // What has been followed was no page.
  if (!(data instanceof Arriving))
    await refuseHtml(data instanceof Blob ? data : new Blob([data.subarray(0, 256)]), url);
  return done;
}
