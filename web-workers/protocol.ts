// What the page and the worker say to each other: every message is one of these.
import type { FlatError } from '../js/errors.ts';
import type { OperationName, Operations, Progress } from '../js/operations.ts';

type Call = {
  [Name in OperationName]: { type: 'call'; id: number; name: Name; request: Operations[Name]['request'] };
}[OperationName];

/** From the page. */
export type ToWorker = Call | { type: 'abort'; id: number };

/** From the worker. */
export type FromWorker =
  | { type: 'result'; id: number; value: Operations[OperationName]['result'] }
  | { type: 'error'; id: number; error: FlatError }
  | { type: 'progress'; id: number; progress: Progress };
