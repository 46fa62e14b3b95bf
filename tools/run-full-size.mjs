// `npm run test:full-size`: a full-size SqueezeBERT - 51 million seeded numbers, a float32 file of 204 MB - from a local server
// into Chromium as q8, then from the cache. Prints times and memory, and fails where a bound is not kept.
import { createReadStream, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { modelFiles } from '../bench/models/weights.mjs';
import { chromiumArguments } from './chromium.mjs';
import { environment, root, runMain } from './setup.mjs';

const rounds = 3;
const bounds = { heap: 110e6, first: 4000, second: 600 };
const types = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html' };

/** The package under /dist/, the model under /model/; the paths that were asked for are added to `asked`. */
function serve(model, asked) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://server');
    asked.push(pathname);
    const file = join(pathname.startsWith('/dist/') ? root : model, pathname.replace('/model/', '/'));
    if (pathname === '/') {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>full size</title>');
    } else if (pathname.includes('..') || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
    } else {
      const { size, mtimeMs } = statSync(file);
      const type = types[extname(file)] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': type, 'content-length': size, etag: `"${size}-${mtimeMs}"` });
      createReadStream(file, { highWaterMark: 1 << 20 }).pipe(response);
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** In the page: loads the model and runs it once. */
async function load() {
  const { AutoModelForSequenceClassification, heapBytes, env } = await import('/dist/index.js');
  const events = [];
  const start = performance.now();
  const model = await AutoModelForSequenceClassification.from_pretrained('/model/', {
    progress_callback: (event) => events.push(event),
  });
  const loaded = performance.now() - start;
  // linear memory only grows: what it is now is its peak
  const heap = await heapBytes();
  const { logits } = await model({ input_ids: [[101, 2000, 2001, 2002, 102]] });
  const entries = await env.cache.list();
  return {
    loaded,
    heap,
    dtype: model.config.dtype,
    logits: [...logits.data],
    cached: entries.reduce((sum, { bytes }) => sum + bytes, 0),
    trouble: events.filter(({ status }) => status === 'not_cached').map(({ message }) => message),
  };
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

await runMain(async () => {
  const model = join(root, 'build/bench');
  modelFiles(model);
  const asked = [];
  const server = await serve(model, asked);
  const address = `http://127.0.0.1:${server.address().port}/`;
  const { chromium } = await import('playwright-core');
  const failures = [];
  const check = (holds, what) => {
    if (!holds) failures.push(what);
  };
  const first = [];
  const second = [];
  try {
    for (let round = 0; round < rounds; ++round) {
      // a visitor who has never been here, with a profile on disk: in a private window the cache would be in memory
      const profile = mkdtempSync(join(tmpdir(), 'squeezebert-full-size-'));
      const context = await chromium.launchPersistentContext(profile, {
        executablePath: environment().SQUEEZEBERT_CHROMIUM,
        args: chromiumArguments,
        headless: true,
      });
      try {
        const page = context.pages()[0] ?? (await context.newPage());
        const visit = async () => {
          await page.goto(address);
          asked.length = 0;
          const result = await page.evaluate(load);
          return { ...result, requests: asked.filter((path) => path.startsWith('/model/')) };
        };
        const fresh = await visit();
        await page.goto('about:blank');
        const again = await visit();
        first.push(fresh);
        second.push(again);
        const line = (name, { loaded, heap, dtype, requests }) =>
          `${name} load ${loaded.toFixed(0).padStart(5)} ms, heap peak ${(heap / 1e6).toFixed(1)} MB, ${dtype}, ${requests.length} requests`;
        console.log(`${line('first ', fresh)}, ${(fresh.cached / 1e6).toFixed(1)} MB cached`);
        console.log(line('second', again));
        check(fresh.trouble.length === 0, `not cached: ${fresh.trouble}`);
        check(again.requests.length === 0, `the second load asked for ${again.requests}`);
        check(fresh.requests.length > 0, 'the first load asked for nothing');
        check(fresh.logits.join() === again.logits.join(), 'the second load computes other numbers');
        check(fresh.dtype === 'q8' && again.dtype === 'q8', 'the weights are not q8');
      } finally {
        await context.close();
        rmSync(profile, { recursive: true, force: true });
      }
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
  const heap = Math.max(...[...first, ...second].map((result) => result.heap));
  const times = [first, second].map((results) => median(results.map(({ loaded }) => loaded)));
  console.log(
    `medians: first ${times[0].toFixed(0)} ms (at most ${bounds.first}), second ${times[1].toFixed(0)} ms (at most ` +
      `${bounds.second}); heap ${(heap / 1e6).toFixed(1)} MB (at most ${bounds.heap / 1e6})`,
  );
  check(times[0] <= bounds.first, 'the first load takes too long');
  check(times[1] <= bounds.second, 'the second load takes too long');
  check(heap <= bounds.heap, 'the heap grows too large');
  for (const failure of failures) console.error(`FAILED: ${failure}`);
  process.exitCode = failures.length > 0 ? 1 : 0;
});
