// `workers: n`: one model in several workers, which share the texts of a call.
import { afterEach, expect, it, vi } from 'vitest';
import type * as Package from '../../js/api.ts';

const { pipeline, env } = (await import('/dist/index.js' as string)) as typeof Package;

let started: Worker[] = [];
const watch = () => {
  env.worker = () => {
    const worker = new Worker('/dist/worker.js', { type: 'module' });
    started.push(worker);
    return worker;
  };
};
afterEach(() => {
  env.worker = undefined;
  started = [];
  vi.restoreAllMocks();
});
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: Package.SqueezeBertError) => error.code,
  );
/** Calls of one kind that were sent to a worker. */
const sent = (spy: { mock: { calls: unknown[][]; contexts: unknown[] } }, worker: Worker, name: string) =>
  spy.mock.calls.filter(
    ([message], index) => spy.mock.contexts[index] === worker && (message as { name?: string }).name === name,
  ).length;

const words = ['lovely', 'terrible', 'a chair', 'nobody', 'opens at nine', 'was boring', 'delicious food'];
const texts = Array.from({ length: 101 }, (_, index) =>
  `${words[index % words.length]} and ${words[(index * 5 + 2) % words.length]} `.repeat(1 + ((index * 37) % 29)),
);

it('gives what one worker gives, in order, and every worker has a part in it', async () => {
  const one = await pipeline('sentiment-analysis');
  const expected = await one(texts, { top_k: null });
  expect(one.info.workers).toBe(1);
  await one.dispose();
  watch();
  const classify = await pipeline('sentiment-analysis', null, { workers: 3 });
  const posted = vi.spyOn(Worker.prototype, 'postMessage');
  expect(classify.info.workers).toBe(3);
  expect(started).toHaveLength(3);
  expect(await classify(texts, { top_k: null })).toEqual(expected);
  for (const worker of started) expect(sent(posted, worker, 'classify')).toBeGreaterThan(1);
  expect(await classify(texts[3] as string, { top_k: null })).toEqual(expected[3]);
  expect(await classify(texts.slice(0, 2), { top_k: null })).toEqual(expected.slice(0, 2));
  expect(await classify([])).toEqual([]);
  await classify.dispose();
});

it('calls at the same time go to different workers', async () => {
  watch();
  const classify = await pipeline('sentiment-analysis', null, { workers: 2 });
  const posted = vi.spyOn(Worker.prototype, 'postMessage');
  await Promise.all([classify('one'), classify('two')]);
  for (const worker of started) expect(sent(posted, worker, 'classify')).toBe(1);
  await classify.dispose();
});

it('dispose ends all of its workers and no other', async () => {
  const single = await pipeline('sentiment-analysis');
  watch();
  const pool = await pipeline('sentiment-analysis', null, { workers: 3 });
  const terminate = vi.spyOn(Worker.prototype, 'terminate');
  await pool.dispose();
  expect(new Set(terminate.mock.contexts)).toEqual(new Set(started));
  expect(await code(pool('text'))).toBe('DISPOSED');
  expect((await single('I love it'))[0]?.label).toBe('POSITIVE');
  await single.dispose();
});

it('progress is that of one load', async () => {
  const steps = async (workers: number) => {
    const seen: string[] = [];
    const classify = await pipeline('sentiment-analysis', null, {
      workers,
      cache: 'no-store',
      progress_callback: ({ status, file }) => {
        if (status === 'done' || status === 'ready') seen.push(`${status} ${file ?? ''}`);
      },
    });
    await classify.dispose();
    return seen.sort();
  };
  expect(await steps(3)).toEqual(await steps(1));
});

it('an abort rejects the call, and the workers go on to the next', async () => {
  const classify = await pipeline('sentiment-analysis', null, { workers: 2 });
  const controller = new AbortController();
  const call = code(classify(Array.from({ length: 2000 }, () => texts).flat(), { signal: controller.signal }));
  setTimeout(() => controller.abort(), 50);
  expect(await call).toBe('ABORTED');
  expect((await classify(['I love it', 'I hate it'])).map(({ label }) => label)).toEqual(['POSITIVE', 'NEGATIVE']);
  await classify.dispose();
});

it('a load that is aborted ends all workers', async () => {
  watch();
  const terminate = vi.spyOn(Worker.prototype, 'terminate');
  const controller = new AbortController();
  const load = code(pipeline('sentiment-analysis', null, { workers: 3, signal: controller.signal }));
  controller.abort();
  expect(await load).toBe('ABORTED');
  expect(new Set(terminate.mock.contexts)).toEqual(new Set(started));
  expect(started).toHaveLength(3);
});

it('a worker that crashes rejects the call; the others do the next ones, until there is none', async () => {
  watch();
  const classify = await pipeline('sentiment-analysis', null, { workers: 2 });
  const long = Array.from({ length: 40 }, () => 'some words '.repeat(200));
  let call = code(classify(long));
  // nothing that the client would send: the worker throws
  started[0]?.postMessage(null);
  expect(await call).toBe('WORKER');
  const posted = vi.spyOn(Worker.prototype, 'postMessage');
  expect((await classify(['I love it', 'I hate it'])).map(({ label }) => label)).toEqual(['POSITIVE', 'NEGATIVE']);
  expect(sent(posted, started[0] as Worker, 'classify')).toBe(0);
  call = code(classify(long));
  started[1]?.postMessage(null);
  expect(await call).toBe('WORKER');
  expect(await code(classify('text'))).toBe('WORKER');
  await classify.dispose();
});

it('a worker that does not start ends the load and the others', async () => {
  const terminate = vi.spyOn(Worker.prototype, 'terminate');
  env.worker = () => {
    const broken = URL.createObjectURL(new Blob(['throw new Error("no")'], { type: 'text/javascript' }));
    const worker = new Worker(started.length === 1 ? broken : '/dist/worker.js', { type: 'module' });
    started.push(worker);
    return worker;
  };
  expect(await code(pipeline('sentiment-analysis', null, { workers: 3 }))).toBe('WORKER');
  expect(new Set(terminate.mock.contexts)).toEqual(new Set(started));
});

it('workers that are no number of workers: INVALID_ARGUMENT', async () => {
  for (const workers of [0, -1, 1.5, 65, Number.NaN, '2' as never])
    expect(await code(pipeline('sentiment-analysis', null, { workers }))).toBe('INVALID_ARGUMENT');
});
