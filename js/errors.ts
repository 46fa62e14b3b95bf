import type { ErrorCode } from './error-codes.ts';

export type { ErrorCode };

let sentences: Partial<Record<ErrorCode, string>> = {};

/** The entry points bring the sentences of their language; the worker needs none: codes and details cross to the page. */
export function provideSentences(all: Record<ErrorCode, string>): void {
  sentences = all;
}

/**
 * What every function of this package rejects with.
 *
 * `code` names the kind of error and is stable; `message` is a sentence that says what is wrong and what to do;
 * `detail` says what exactly: the file, the tensor, the number. An aborted operation has the name `AbortError` and the
 * signal's reason as `cause`.
 */
export class SqueezeBertError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;

  constructor(code: ErrorCode, detail = '', cause?: unknown) {
    const sentence = sentences[code] ?? code;
    super(detail ? `${sentence} (${detail})` : sentence, cause === undefined ? undefined : { cause });
    this.code = code;
    this.detail = detail;
    this.name = code === 'ABORTED' ? 'AbortError' : 'SqueezeBertError';
  }
}

/** A call that a newer one has replaced; see `newestWins`. */
export class SupersededError extends SqueezeBertError {
  constructor() {
    super('SUPERSEDED');
    this.name = 'SupersededError';
  }
}

/** An error as it crosses from the worker to the page. */
export interface FlatError {
  code: ErrorCode;
  detail: string;
}

/** Whatever was thrown, as an error of ours. */
export function toError(thrown: unknown): SqueezeBertError {
  if (thrown instanceof SqueezeBertError) return thrown;
  return new SqueezeBertError('INTERNAL', thrown instanceof Error ? thrown.message : String(thrown), thrown);
}

export const invalid = (detail: string) => new SqueezeBertError('INVALID_ARGUMENT', detail);

export const aborted = (signal?: AbortSignal | null) => new SqueezeBertError('ABORTED', '', signal?.reason);

export function throwIfAborted(signal?: AbortSignal | null): void {
  if (signal?.aborted) throw aborted(signal);
}
