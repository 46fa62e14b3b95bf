// `npm run test:engines`: the package in every browser engine that is installed - Chromium, Firefox, WebKitGTK. The `simd`
// build must give the same bits in all of them, with one thread and with two where the engine has threads; `simd-relaxed`, in
// which engines may round differently, the same bits for any number of threads within an engine, and the same labels.
// Nothing drives the browsers: each opens a page that computes and posts what came out.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromiumArguments, chromiumPath } from './chromium.mjs';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const patience = 180_000;
const types = {
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
  '.html': 'text/html',
  '.json': 'application/json',
};

const firefox = ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find((path) => existsSync(path));
const webkit = '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser';
const engines = {
  chromium:
    chromiumPath && ((profile) => [chromiumPath, ...chromiumArguments, '--headless', `--user-data-dir=${profile}`]),
  firefox: firefox && ((profile) => [firefox, '--headless', '--no-remote', '--profile', profile]),
  webkitgtk: existsSync(webkit) && existsSync('/usr/bin/xvfb-run') && (() => ['/usr/bin/xvfb-run', '-a', webkit]),
};

// In the page. Every dtype, build and number of threads: the bits of the logits of texts of several lengths.
const script = `
import { AutoModelForSequenceClassification, AutoTokenizer, pipeline, env } from './index.js';
const texts = ['A lovely day', 'x', 'It was terrible, and then it got worse. '.repeat(30), 'Ünïcödé 🙂 words', 'nine words '.repeat(9)];
const folder = new URL('models/sentiment-en/', location.href).href;
const relaxed = WebAssembly.validate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1,
  13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11]));
const cases = [];
try {
  for (const build of relaxed ? ['simd', 'simd-relaxed'] : ['simd'])
    for (const wanted of [1, 2])
      for (const dtype of ['fp32', 'q8', 'q4']) {
        Object.assign(env, { build, threads: wanted });
        const classify = await pipeline('sentiment-analysis', folder, { dtype, cache: 'no-store' });
        const model = await AutoModelForSequenceClassification.from_pretrained(folder, { dtype, cache: 'no-store' });
        const tokenizer = await AutoTokenizer.from_pretrained(folder, { cache: 'no-store' });
        const bits = [];
        for (const text of texts) {
          const { logits } = await model(await tokenizer(text, { truncation: true }), { output_last_hidden_state: true });
          bits.push(...new Uint32Array(Float32Array.from(logits.data).buffer));
        }
        const labels = (await classify(texts)).map(({ label }) => label);
        cases.push({ build, threads: classify.info.threads, dtype, bits, labels });
        for (const each of [classify, model, tokenizer]) await each.dispose();
      }
  await fetch('/result', { method: 'POST', body: JSON.stringify({ cases, isolated: crossOriginIsolated }) });
} catch (error) {
  await fetch('/result', { method: 'POST', body: JSON.stringify({ error: String(error) }) });
}`;

let report;
const server = createServer((request, response) => {
  const path = decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/');
  const headers = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
  const send = (status, type, body) => response.writeHead(status, { ...headers, 'content-type': type }).end(body);
  if (path === '/result') {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      send(204, 'text/plain');
      report?.(JSON.parse(body));
    });
    return;
  }
  if (path === '/')
    return send(
      200,
      'text/html',
      '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>',
    );
  if (path === '/page.js') return send(200, 'text/javascript', script);
  const file = normalize(join(dist, path));
  if (!file.startsWith(dist + sep) || !existsSync(file) || !statSync(file).isFile()) return send(404, 'text/plain', '');
  send(200, types[extname(file)] ?? 'application/octet-stream', readFileSync(file));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}/`;

async function visit(command) {
  const profile = mkdtempSync(join(tmpdir(), 'squeezebert-engine-'));
  const [program, ...args] = command(profile);
  const browser = spawn(program, [...args, url], {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, HOME: profile },
  });
  let timer;
  try {
    return await new Promise((resolve) => {
      report = resolve;
      timer = setTimeout(() => resolve({ error: `no answer in ${patience / 1000} s` }), patience);
      browser.once('error', (error) => resolve({ error: error.message }));
    });
  } finally {
    clearTimeout(timer);
    report = undefined;
    try {
      process.kill(-browser.pid, 'SIGKILL');
    } catch {
      // it has ended by itself
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

let failed = 0;
const fail = (text) => {
  failed += 1;
  console.log(`FAILED: ${text}`);
};
const first = new Map();
let visited = 0;
for (const [name, command] of Object.entries(engines)) {
  if (!command) {
    console.log(`${name}: skipped, it is not installed`);
    continue;
  }
  visited += 1;
  const { cases = [], isolated, error } = await visit(command);
  if (error) fail(`${name}: ${error}`);
  else if (cases.length === 0) fail(`${name}: no case`);
  for (const { build, threads, dtype, bits, labels } of cases) {
    const digest = createHash('sha256').update(JSON.stringify(bits)).digest('hex').slice(0, 16);
    console.log(
      `${name.padEnd(10)} ${build.padEnd(13)} ${dtype.padEnd(5)} threads ${threads}  ${bits.length} logits  ${digest}`,
    );
    const agree = (key, value, what) => {
      const known = first.get(key);
      if (!known) first.set(key, { name, value });
      else if (known.value !== value)
        fail(`${name}, ${build}, ${dtype}, threads ${threads}: ${what} differ from those of ${known.name}`);
    };
    agree(`bits ${build} ${dtype} ${build === 'simd' ? '' : name}`, digest, 'bits');
    agree(`labels ${dtype}`, labels.join(), 'labels');
  }
  // WebKitGTK calls itself isolated and refuses to send shared memory to a worker: one thread has to do there.
  if (name !== 'webkitgtk' && isolated && !cases.some(({ threads }) => threads === 2))
    fail(`${name}: never two threads`);
}
server.closeAllConnections();
server.close();
if (visited === 0) fail('no browser is installed');
console.log(failed > 0 ? `${failed} failed` : `the same bits in ${visited} engines`);
process.exitCode = failed > 0 ? 1 : 0;
