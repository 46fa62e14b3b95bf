// `npm run bench`: speed beside onnxruntime-web, in Chromium (bench/README.md).
// Options: --lengths 8,32  --rounds 10  --build simd|simd-relaxed
import { spawnSync } from 'node:child_process';
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { brotliCompressSync, constants } from 'node:zlib';
import { chromiumArguments } from './chromium.mjs';
import { build } from './run-build.mjs';
import { environment, root, runMain, SetupError, setup } from './setup.mjs';

// More rounds where one is short, so that every length takes about as long.
const usualRounds = { 8: 80, 32: 60, 128: 30, 384: 15 };
const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};
const bench = join(root, 'bench');
const dist = join(root, 'dist');
const data = join(root, 'build/bench');
const ort = join(bench, 'node_modules/onnxruntime-web/dist');
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** What the command line asks for: { lengths: [{ length, rounds }], build }. */
function options() {
  const text = { type: 'string' };
  const parsed = () => {
    try {
      return parseArgs({ options: { lengths: text, rounds: text, build: text } }).values;
    } catch (error) {
      throw new SetupError(error.message);
    }
  };
  const values = parsed();
  const lengths = (values.lengths ?? Object.keys(usualRounds).join()).split(',').map((word) => {
    const length = Number(word);
    if (!Number.isInteger(length) || length < 2 || length > 512)
      throw new SetupError(`--lengths takes numbers of tokens from 2 to 512, as in 8,32; not '${word}'.`);
    const rounds = Number(values.rounds ?? usualRounds[length] ?? 20);
    if (!Number.isInteger(rounds) || rounds < 1)
      throw new SetupError(`--rounds takes a whole number from 1; not '${values.rounds}'.`);
    return { length, rounds };
  });
  if (values.build !== undefined && !['simd', 'simd-relaxed'].includes(values.build))
    throw new SetupError(`--build takes simd or simd-relaxed; not '${values.build}'.`);
  return { lengths, build: values.build };
}

/** The rival and the encoder of its model, in bench/node_modules: not among the packages that set-up installs. */
function installModules() {
  const wanted = Object.entries(readJson(join(bench, 'package.json')).dependencies);
  const installed = ([name, version]) => {
    const path = join(bench, 'node_modules', name, 'package.json');
    return existsSync(path) && readJson(path).version === version;
  };
  if (wanted.every(installed)) return;
  console.log('bench: npm packages');
  // The install script of onnxruntime packages downloads; nothing here needs it.
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: bench, stdio: 'inherit' });
  if (npm.status !== 0) throw new SetupError('npm could not install the packages of the bench.');
}

/** Serves `folders` ({ prefix: folder }); the paths of the files that were asked for are added to `fetched`. */
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
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

function brotli(files) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
  return files.reduce((sum, file) => sum + brotliCompressSync(readFileSync(file), { params }).length, 0);
}

/** Rows of cells, the first row the headings; the columns padded to the widest cell. */
function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column])).join('   ')).join('\n');
}

/** Runs the page; { results, fetched, chromium }. */
async function measure(chosen) {
  const fetched = new Set();
  const server = await serve({ '/bench/': bench, '/dist/': dist, '/ort/': ort, '/data/': data }, fetched);
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({
    executablePath: environment().SQUEEZEBERT_CHROMIUM,
    args: chromiumArguments,
  });
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(error.message));
    await page.goto(`http://127.0.0.1:${server.address().port}/bench/page.html`);
    await page.waitForFunction(() => typeof globalThis.bench === 'function');
    const results = await page.evaluate((value) => globalThis.bench(value), chosen);
    return { results, fetched: [...fetched], chromium: browser.version() };
  } finally {
    await browser.close();
    server.close();
  }
}

await runMain(async () => {
  const asked = options();
  await setup();
  for (const name of ['wasm', 'js'])
    if (!build(name)) throw new SetupError(`The build '${name}' failed; its messages are above.`);
  installModules();
  const { benchFiles } = await import('../bench/weights.mjs');
  const { layouts } = await import('../bench/onnx.mjs');
  benchFiles(data);

  const { results, fetched, chromium } = await measure({ ...asked, layouts });
  for (const result of results) {
    result.ours = result.medians.ours;
    result.theirs = Math.min(...layouts.map((layout) => result.medians[layout]));
  }
  const own = fetched.filter((file) => file.startsWith(dist + sep));
  const runtime = fetched.filter((file) => file.startsWith(ort + sep));
  const used = own.map((file) => /squeezebert-(simd.*)\.wasm$/.exec(file)?.[1]).find(Boolean);
  const { version } = readJson(join(ort, '../package.json'));

  console.log(`\nChromium ${chromium}: full-size SqueezeBERT, float32, one sequence, one thread; medians in ms`);
  console.log(
    `ours: build ${used}, in the worker. theirs: onnxruntime-web ${version}, wasm, in ${layouts.length} layouts`,
  );
  console.log('ratio: the faster of theirs / ours. difference: the largest one of the logits\n');
  const rows = results.map(({ length, rounds, medians, ours, theirs, difference, range }) => [
    String(length),
    String(rounds),
    ours.toFixed(1),
    ...layouts.map((layout) => medians[layout].toFixed(1)),
    (theirs / ours).toFixed(2),
    difference.toExponential(1),
    range.map((value) => value.toFixed(3)).join(' .. '),
  ]);
  const headings = layouts.map((layout) => `theirs, ${layout}`);
  console.log(table([['tokens', 'rounds', 'ours', ...headings, 'ratio', 'difference', 'range of logit 0'], ...rows]));
  console.log(`\ndownload of the runtime, brotli 11: ours ${brotli(own)} bytes, theirs ${brotli(runtime)} bytes`);

  const complain = (bad, sentence) => {
    const at = results.filter(bad).map(({ length }) => length);
    if (at.length === 0) return;
    console.error(`\n${sentence} at ${at.join(', ')} tokens.`);
    process.exitCode = 1;
  };
  // Different answers would make the comparison worthless, and so would answers that do not
  // depend on the text: those must move by 20 times the difference that is allowed.
  complain(({ difference }) => !(difference <= 1e-3), 'The outputs differ');
  complain(({ range }) => !(range[1] - range[0] >= 2e-2), 'The outputs hardly depend on the tokens');
  complain(({ ours, theirs }) => !(ours < theirs), 'Ours is not the faster one');
});
