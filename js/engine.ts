/**
 * The same package with the engine in this thread: for Node, service workers and workers of your own.
 *
 * @module
 */
import { LocalBackend } from './engine/local.ts';
import { provideBackend } from './session.ts';

export * from './api.ts';

provideBackend(() => new LocalBackend());
