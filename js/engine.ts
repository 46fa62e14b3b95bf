/**
 * The same package with the engine in this thread: for Node, service workers and workers of your own.
 *
 * @module
 */
import { LocalBackend } from './engine/local.ts';
import { sentences } from './error-codes.ts';
import { provideSentences } from './errors.ts';
import { provideBackend } from './session.ts';

export * from './api.ts';

provideSentences(sentences);
provideBackend(() => new LocalBackend());
