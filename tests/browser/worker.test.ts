// The worker: when it starts, when it ends, what happens when it breaks.
import { afterEach, expect, it, vi } from 'vitest';
import type * as Package from '../../js/api.ts';

const { pipeline, env, AutoTokenizer } = (await import('/dist/index.js' as string)) as typeof Package;

afterEach(() => {
  env.worker = undefined;
  vi.restoreAllMocks();
});

const script = (text: string) => () => new Worker(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })));
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: Package.SqueezeBertError) => error.code,
  );

it('ends with the last pipeline, and not before', async () => {
  const terminate = vi.spyOn(Worker.prototype, 'terminate');
  const first = await pipeline('sentiment-analysis');
  const second = await pipeline('sentiment-analysis');
  await first.dispose();
  expect(terminate).toHaveBeenCalledTimes(0);
  await second.dispose();
  expect(terminate).toHaveBeenCalledTimes(1);
});

it('ends when loading fails', async () => {
  const terminate = vi.spyOn(Worker.prototype, 'terminate');
  expect(await code(pipeline('sentiment-analysis', '/bad/status-404/'))).toBe('FILE_NOT_FOUND');
  expect(terminate).toHaveBeenCalledTimes(1);
});

it('a script that does not start: WORKER', async () => {
  env.worker = '/no-such-worker.js';
  expect(await code(pipeline('sentiment-analysis'))).toBe('WORKER');
  env.worker = script('throw new Error("broken")');
  expect(await code(pipeline('sentiment-analysis'))).toBe('WORKER');
  env.worker = undefined;
  const classify = await pipeline('sentiment-analysis');
  await classify.dispose();
});

it('a crash rejects every pending call, later ones too', async () => {
  let worker: Worker | undefined;
  env.worker = () => {
    worker = new Worker('/dist/worker.js', { type: 'module' });
    return worker;
  };
  const classify = await pipeline('sentiment-analysis');
  const calls = [classify('x '.repeat(500)), classify('x '.repeat(500))].map(code);
  worker?.dispatchEvent(new ErrorEvent('error', { message: 'out of memory', cancelable: true }));
  expect(await Promise.all(calls)).toEqual(['WORKER', 'WORKER']);
  expect(await code(classify('text'))).toBe('WORKER');
  await classify.dispose();
  env.worker = undefined;
  const again = await pipeline('sentiment-analysis');
  expect((await again('I love it'))[0]?.label).toBe('POSITIVE');
  await again.dispose();
});

it('the page stays free while the worker reads long texts', async () => {
  const classify = await pipeline('sentiment-analysis');
  await classify('warm');
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 5);
  const call = classify(Array.from({ length: 40 }, () => 'some words that take a moment '.repeat(60)));
  const started = performance.now();
  await call;
  const took = performance.now() - started;
  clearInterval(timer);
  await classify.dispose();
  expect(took).toBeGreaterThan(100);
  expect(longest).toBeLessThan(took / 2);
});

it('what cannot be sent to a worker is refused, not lost', async () => {
  const files = { 'vocab.txt': (() => 'text') as never };
  expect(await code(AutoTokenizer.from_pretrained(files))).toBe('INVALID_ARGUMENT');
});

it('aborted calls in the queue never run', async () => {
  const classify = await pipeline('sentiment-analysis');
  const controller = new AbortController();
  const calls = Array.from({ length: 300 }, () =>
    code(classify('some words '.repeat(200), { signal: controller.signal })),
  );
  controller.abort();
  const started = performance.now();
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['ABORTED']));
  await classify('short');
  // 300 such texts take seconds
  expect(performance.now() - started).toBeLessThan(1000);
  await classify.dispose();
});
