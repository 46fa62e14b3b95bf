// Threads in a page that is cross-origin isolated, and what happens where it is not. The package is served as it is
// published, under the policy that the README names.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type * as Package from '../../js/api.ts';
// @ts-expect-error plain JavaScript, without types
import { chromiumArguments, chromiumPath } from '../../tools/chromium.mjs';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));
const types: Record<string, string> = { '.js': 'text/javascript', '.wasm': 'application/wasm' };
const isolation = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

let browser: Browser;
let url: string;
let isolated = true;
let missing = '';
/** Changes what is sent of worker.js. */
let changed = (script: string) => script;
const requests: string[] = [];

const server = createServer((request, response) => {
  const path = decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/');
  requests.push(path);
  const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";
  const headers = { 'content-security-policy': policy, ...(isolated && isolation) };
  if (path === '/') {
    const page = '<!doctype html><title>threads</title><script type="module" src="/page.js"></script>';
    response.writeHead(200, { ...headers, 'content-type': 'text/html' }).end(page);
    return;
  }
  if (path === '/page.js') {
    const script = "import * as squeezebert from './index.js'; globalThis.squeezebert = squeezebert;";
    response.writeHead(200, { ...headers, 'content-type': 'text/javascript' }).end(script);
    return;
  }
  const file = normalize(join(dist, path));
  if (!file.startsWith(dist + sep) || path === missing || !existsSync(file) || !statSync(file).isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { ...headers, 'content-type': types[extname(file)] ?? 'application/octet-stream' });
  response.end(path === '/worker.js' ? changed(readFileSync(file, 'utf8')) : readFileSync(file));
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumArguments });
});
afterEach(async () => {
  isolated = true;
  missing = '';
  changed = (script) => script;
  requests.length = 0;
  for (const context of browser.contexts()) await context.close();
});
afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  server.close();
});

async function open(): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(url);
  return page;
}

/** Classifies a few texts; scores as they are, so that every bit counts. */
const read = (page: Page, threads: number | undefined) =>
  page.evaluate(async (count) => {
    const { pipeline, env } = (globalThis as unknown as { squeezebert: typeof Package }).squeezebert;
    env.threads = count;
    const classify = await pipeline('sentiment-analysis');
    const texts = ['A lovely day', 'x', `${'It was terrible, and then it got worse. '.repeat(30)}`, 'Ünïcödé 🙂 words'];
    const results = await classify(texts, { top_k: null });
    const { threads: used, build } = classify.info;
    await classify.dispose();
    return { used, build, scores: JSON.stringify(results) };
  }, threads);

/** Targets of dedicated workers, nested ones too. */
async function workers(page: Page): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { targetInfos } = await session.send('Target.getTargets', { filter: [{}] });
  await session.detach();
  void page;
  return targetInfos.filter(({ type }) => type === 'worker').length;
}

it('gives the same bits with 1, 2, 3 and 4 threads', async () => {
  const page = await open();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  const one = await read(page, 1);
  expect(one.used).toBe(1);
  expect(requests.filter((path) => path.includes('threads'))).toEqual([]);
  for (const threads of [2, 3, 4]) {
    const more = await read(page, threads);
    expect(more.used).toBe(threads);
    expect(more.scores).toBe(one.scores);
  }
});

it('takes as many threads as there are processors, at most 4, by itself; one visit loads one engine', async () => {
  const page = await open();
  const { used, build } = await read(page, undefined);
  expect(used).toBe(Math.min(4, await page.evaluate(() => navigator.hardwareConcurrency)));
  expect(requests.filter((path) => path.endsWith('.wasm'))).toEqual([
    used > 1 ? `/squeezebert-${build}-threads.wasm` : `/squeezebert-${build}.wasm`,
  ]);
});

it('without isolation: one thread, the same bits, no threaded file fetched', async () => {
  const expected = await read(await open(), 2);
  isolated = false;
  requests.length = 0;
  const page = await open();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  const { used, scores } = await read(page, 4);
  expect(used).toBe(1);
  expect(scores).toBe(expected.scores);
  expect(requests.filter((path) => path.includes('threads'))).toEqual([]);
});

it('the threaded file is not delivered: one thread', async () => {
  const page = await open();
  missing = `/squeezebert-${(await read(page, 1)).build}-threads.wasm`;
  expect((await read(page, 2)).used).toBe(1);
});

it('helpers that do not start: one thread', async () => {
  const { scores } = await read(await open(), 1);
  requests.length = 0;
  changed = (script) => `if (self.name === 'squeezebert-helper') throw new Error('no');${script}`;
  const alone = await read(await open(), 3);
  expect(alone.used).toBe(1);
  expect(alone.scores).toBe(scores);
  // and no second engine is downloaded
  expect(requests.filter((path) => path.endsWith('.wasm'))).toHaveLength(1);
});

it('helpers that are ended by the policy or the browser before they are ready: one thread', async () => {
  changed = (script) =>
    `if (self.name === 'squeezebert-helper') WebAssembly.instantiate = async () => { throw 5; };${script}`;
  const page = await open();
  expect((await read(page, 3)).used).toBe(1);
  await expect.poll(() => workers(page), { timeout: 5000 }).toBe(0);
});

it('dispose ends the worker and its helpers', async () => {
  const page = await open();
  await page.evaluate(async () => {
    const { pipeline, env } = (globalThis as unknown as { squeezebert: typeof Package }).squeezebert;
    env.threads = 3;
    const classify = await pipeline('sentiment-analysis');
    await classify('text');
    Object.assign(globalThis, { classify });
  });
  expect(await workers(page)).toBe(3);
  await page.evaluate(() => (globalThis as unknown as { classify: { dispose(): Promise<void> } }).classify.dispose());
  await expect.poll(() => workers(page), { timeout: 5000 }).toBe(0);
});

it('a crash in a helper is an error of the call, and the next pipeline works', async () => {
  // The helper's first task throws, as a trap inside the module would.
  changed = (script) =>
    `if (self.name === 'squeezebert-helper') {
      const get = WebAssembly.Table.prototype.get;
      const { instantiate } = WebAssembly;
      WebAssembly.instantiate = async (module, imports) => {
        const { exports } = await instantiate.call(WebAssembly, module, imports);
        const table = Object.values(exports).find((value) => value instanceof WebAssembly.Table);
        // Whatever the job is, it is another function now, of other arguments: to call it traps.
        const wrong = table.get(0) ?? null;
        return { exports: { table: Object.assign(table, { get: (index) => {
          const run = get.call(table, index);
          for (let other = 1; other < table.length; ++other) if (other !== index) table.set(other, wrong);
          return run;
        } }) } };
      };
    }${script}`;
  const page = await open();
  const codes = await page.evaluate(async () => {
    const { pipeline, env } = (globalThis as unknown as { squeezebert: typeof Package }).squeezebert;
    env.threads = 2;
    const crashing = await pipeline('sentiment-analysis');
    const seen = [crashing.info.threads];
    const text = 'Many words that take a while to read. '.repeat(40);
    const code = (promise: Promise<unknown>) =>
      promise.then(
        () => 'no error',
        (error: Package.SqueezeBertError) => error.code,
      );
    const first = await code(crashing(Array.from({ length: 20 }, () => text)));
    const later = await code(crashing('text'));
    env.threads = 1;
    const next = await pipeline('sentiment-analysis');
    const [answer] = await next('I love it');
    return { seen, first, later, label: answer?.label };
  });
  expect(codes.seen).toEqual([2]);
  expect(codes.first).not.toBe('no error');
  expect(codes.later).not.toBe('no error');
  expect(codes.label).toBe('POSITIVE');
});
