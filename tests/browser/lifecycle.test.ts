// A worker that really crashes, and loads that nobody waits for any more.
import { afterEach, expect, it } from 'vitest';
import type * as Package from '../../js/api.ts';

const { pipeline, env, heapBytes } = (await import('/dist/index.js' as string)) as typeof Package;

let worker: Worker | undefined;
const watched = () => {
  worker = new Worker('/dist/worker.js', { type: 'module' });
  return worker;
};
afterEach(() => {
  env.worker = undefined;
});
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: Package.SqueezeBertError) => error.code,
  );

it('a crash inside the worker: WORKER; the next pipeline starts another, beside what is left of the first', async () => {
  env.worker = watched;
  const crashed = await pipeline('sentiment-analysis');
  const first = worker;
  const call = code(crashed(Array.from({ length: 50 }, () => 'some words '.repeat(200))));
  // nothing that the client would send: the worker throws
  worker?.postMessage(null);
  expect(await call).toBe('WORKER');
  expect(await code(crashed('text'))).toBe('WORKER');
  const next = await pipeline('sentiment-analysis');
  expect(worker).not.toBe(first);
  expect((await next('I love it'))[0]?.label).toBe('POSITIVE');
  await crashed.dispose();
  expect((await next('I love it'))[0]?.label).toBe('POSITIVE');
  await next.dispose();
});

it('a load that is aborted when it is nearly done leaves no model behind', async () => {
  const classify = await pipeline('sentiment-analysis');
  const { weightBytes } = classify.info;
  const codes = new Set<string>();
  for (let i = 0; i < 20; ++i) {
    const controller = new AbortController();
    const load = code(
      pipeline('sentiment-analysis', '/models/sentiment-en/', {
        signal: controller.signal,
        // what came from the cache would never be 'done'
        cache: 'no-store',
        progress_callback: ({ status, file }) => {
          if (status === 'done' && file === 'model.safetensors') controller.abort();
        },
      }),
    );
    codes.add(await load);
    // whatever the worker still does for it is done when this answers
    await classify('text');
  }
  expect([...codes]).toEqual(['ABORTED']);
  expect(await heapBytes()).toBeLessThan(6 * weightBytes);
  await classify.dispose();
});
