// The server of the hub's tests, for tests in a browser, which cannot start one.
import type { TestProject } from 'vitest/node';
// @ts-expect-error plain JavaScript, without types
import { startHub } from '../hub-server.mjs';
import type { Hub } from './hub.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    hub: Hub;
  }
}

export default async function setup(project: TestProject): Promise<() => void> {
  const { hub, store, close } = await startHub();
  project.provide('hub', { hub, store });
  return close;
}
