// Sentences a second in batches of different sizes, full-size model, int8.

import { table } from '../stage/numbers.mjs';
import { sentences } from '../stage/texts.mjs';

export const title = 'Batches: sentences a second, full-size SqueezeBERT, int8';

export async function run(bench) {
  const int8 = await bench.hub();
  const server = await bench.serve({ isolated: false });
  const page = await bench.open({ origin: server.origin });
  try {
    return await page.call('/bench/batches/page.mjs', {
      texts: sentences().filter((text) => text.length < 120),
      sizes: bench.quick ? [1, 64] : [1, 4, 16, 64],
      models: int8 && bench.engine === 'chromium' ? ['product'] : [],
      seconds: bench.quick ? 4 : 15,
      workers: 2,
    });
  } finally {
    await page.close();
    server.close();
  }
}

export function report(results) {
  const names = Object.keys(results[0].rates);
  const other = names.find((name) => !name.startsWith('ours'));
  const heads = names.map((name) => (name === other ? `transformers.js ${name}` : name));
  return [
    table([
      ['texts a call', 'rounds', ...heads, ...(other ? ['ratio'] : [])],
      ...results.map(({ size, rounds, rates }) => [
        size,
        rounds,
        ...names.map((name) => rates[name]),
        ...(other ? [rates.ours / rates[other]] : []),
      ]),
    ]),
  ];
}
