// From navigation to the first answer with nothing in any cache: the shipped model, and transformers.js with a model of the
// size of its default one. Every visit is a browser of its own with an empty profile, by turns. The browser is given a second
// before: its own start is not what a visitor waits for.
import { median, sleep, table } from '../stage/numbers.mjs';

export const title = 'Cold start: navigation to the first answer, local server, medians in ms';

const parts = [
  ['html', /visit\.html$/],
  ['script of the page', /dist\/index\.js$|transformers\.mjs$/],
  ['worker', /dist\/worker\.js$/],
  ['WebAssembly', /\.wasm$/],
  ['weights', /model\.safetensors$|\.onnx$/],
];

async function visit(bench, side) {
  const server = await bench.serve({ isolated: false });
  const page = await bench.open({ origin: null });
  try {
    await sleep(1000);
    await page.goto(`${server.origin}/bench/start/visit.html?side=${side}`);
    await page.page.waitForFunction(() => globalThis.visited, undefined, { timeout: 60_000 });
    const result = await page.page.evaluate(() => globalThis.visited);
    if (result.error) throw new Error(result.error);
    const arrived = {};
    for (const [name, pattern] of parts) {
      const request = server.log.find(({ path }) => pattern.test(path));
      if (request) arrived[name] = request.end - result.origin;
    }
    const bytes = server.log.reduce((sum, { size }) => sum + size, 0);
    return {
      ...arrived,
      loaded: result.loaded,
      'first answer': result.first,
      'second call alone': result.second,
      bytes,
    };
  } finally {
    await page.close();
    server.close();
  }
}

export async function run(bench) {
  const sides = bench.engine === 'chromium' && (await bench.hub()) ? ['ours', 'distilbert'] : ['ours'];
  const seen = Object.fromEntries(sides.map((side) => [side, []]));
  for (let round = 0; round < (bench.quick ? 3 : 9); ++round)
    for (const side of sides) seen[side].push(await visit(bench, side));
  return Object.fromEntries(
    Object.entries(seen).map(([side, visits]) => [
      side,
      Object.fromEntries(Object.keys(visits[0]).map((name) => [name, median(visits.map((one) => one[name]))])),
    ]),
  );
}

export function report(results) {
  const names = Object.keys(results.ours).filter((name) => name !== 'bytes');
  const sides = Object.keys(results);
  const heads = { ours: 'ours', distilbert: 'transformers.js, DistilBERT int8' };
  const text = [
    'when a file had been sent, and when the page was as far:',
    table([
      ['', ...sides.map((side) => heads[side])],
      ...names.map((name) => [name, ...sides.map((side) => results[side][name])]),
      ['MB sent, not compressed', ...sides.map((side) => results[side].bytes / 1e6)],
    ]),
  ];
  if (results.distilbert)
    text.push(`ratio: ${(results.distilbert['first answer'] / results.ours['first answer']).toFixed(1)}`);
  return [text.join('\n')];
}
