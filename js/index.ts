/**
 * Text understanding on the visitor's own machine. The engine runs in a web worker; nothing but the files of the model is
 * ever fetched, and no text leaves the page.
 *
 * @module
 */
import { WorkerBackend } from '../web-workers/client.ts';
import { WorkerPool } from '../web-workers/pool.ts';
import { sentences } from './error-codes.ts';
import { provideSentences } from './errors.ts';
import { provideBackend } from './session.ts';

export * from './api.ts';

provideSentences(sentences);
provideBackend((workers) => (workers > 1 ? new WorkerPool(workers) : new WorkerBackend()));
