// `npm run bench`: speed beside onnxruntime-web, in Chromium (bench/README.md).
// Options: --lengths 8,32  --rounds 10  --build simd|simd-relaxed
import { spawnSync } from 'node:child_process';
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from './run-build.mjs';
import { environment, root, runMain, SetupError, setup } from './setup.mjs';

const option = (name) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};
const usual = { 8: 80, 32: 60, 128: 30, 384: 15 };
const types = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

function serve(folders, fetched) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '/').split('?')[0]);
    const [prefix, folder] = Object.entries(folders).find(([start]) => path.startsWith(start)) ?? [];
    const file = folder && normalize(join(folder, path.slice(prefix.length)));
    if (!file?.startsWith(folder + sep) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    fetched.add(file);
    response.writeHead(200, {
      'content-type': types[extname(file)] ?? 'application/octet-stream',
      'content-length': statSync(file).size,
    });
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

const brotli = (files) =>
  files.reduce(
    (sum, file) =>
      sum + brotliCompressSync(readFileSync(file), { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length,
    0,
  );

await runMain(async () => {
  await setup();
  for (const name of ['wasm', 'js'])
    if (!build(name)) throw new SetupError(`The build '${name}' failed; its messages are above.`);
  const bench = join(root, 'bench');
  if (!existsSync(join(bench, 'node_modules/onnxruntime-web/package.json'))) {
    console.log('bench: npm packages');
    const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: bench,
      stdio: 'inherit',
    });
    if (status !== 0) throw new SetupError('npm could not install the packages of the bench.');
  }
  const { benchFiles } = await import('../bench/weights.mjs');
  const data = join(root, 'build/bench');
  await benchFiles(data);

  const fetched = new Set();
  const ort = join(bench, 'node_modules/onnxruntime-web/dist');
  const folders = { '/bench/': bench, '/dist/': join(root, 'dist'), '/ort/': ort, '/data/': data };
  const server = await serve(folders, fetched);
  const { chromium } = await import('playwright-core');
  const { SQUEEZEBERT_CHROMIUM } = environment();
  const browser = await chromium.launch({
    executablePath: SQUEEZEBERT_CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(error.message));
    await page.goto(`http://127.0.0.1:${server.address().port}/bench/page.html`);
    await page.waitForFunction(() => typeof globalThis.bench === 'function');
    const lengths = (option('lengths') ?? Object.keys(usual).join())
      .split(',')
      .map((length) => ({ length: Number(length), rounds: Number(option('rounds') ?? usual[length] ?? 20) }));
    const chosen = { lengths, build: option('build'), threads: 1 };
    const { build: used, results } = await page.evaluate((value) => globalThis.bench(value), chosen);

    const version = JSON.parse(readFileSync(join(ort, '../package.json'), 'utf8')).version;
    console.log(`\nChromium ${browser.version()}, full-size SqueezeBERT, float32, one sequence, one thread; medians in ms`);
    console.log(`ours: build ${used}, in the worker. theirs: onnxruntime-web ${version}, wasm\n`);
    console.log('tokens  rounds     ours    theirs   theirs / ours   largest difference of the logits');
    for (const { length, rounds, ours, theirs, difference } of results)
      console.log(
        `${String(length).padStart(6)}${String(rounds).padStart(8)}${ours.toFixed(1).padStart(9)}${theirs.toFixed(1).padStart(10)}` +
          `${(theirs / ours).toFixed(2).padStart(14)}      ${difference.toExponential(1)}`,
      );
    const runtime = [...fetched].filter((file) => file.startsWith(ort + sep));
    const dist = (name) => join(root, 'dist', name);
    const own = [dist('index.js'), dist('worker.js'), dist(`squeezebert-${used}.wasm`)];
    console.log(`\ndownload of the runtime, brotli 11: ours ${brotli(own)} bytes, theirs ${brotli(runtime)} bytes`);
    // Different answers would make the comparison worthless.
    const wrong = results.filter(({ difference }) => !(difference <= 1e-3));
    const slower = results.filter(({ ours, theirs }) => ours >= theirs);
    if (wrong.length > 0) console.error(`\nThe outputs differ at ${wrong.map(({ length }) => length).join(', ')} tokens.`);
    if (slower.length > 0) console.error(`\nOurs is slower at ${slower.map(({ length }) => length).join(', ')} tokens.`);
    process.exitCode = wrong.length + slower.length > 0 ? 1 : 0;
  } finally {
    await browser.close();
    server.close();
  }
});
