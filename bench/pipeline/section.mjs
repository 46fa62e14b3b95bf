// The whole call that a page makes, against transformers.js with its default settings.

import { table } from '../stage/numbers.mjs';
import { sentences } from '../stage/texts.mjs';

export const title = 'A whole pipeline() call, one text, int8: medians in ms';
export const engines = ['chromium'];

export async function run(bench) {
  await bench.hub();
  const server = await bench.serve({ isolated: false }); // as most pages are
  const page = await bench.open({ origin: server.origin });
  try {
    return await page.call('/bench/pipeline/page.mjs', {
      words: sentences()
        .join(' ')
        .split(' ')
        .filter((word) => /^[a-z]+$/i.test(word))
        .slice(0, 400),
      lengths: bench.lengths ?? [14, 121],
      models: [...bench.layouts, 'distilbert'],
      seconds: bench.quick ? 5 : 15,
    });
  } finally {
    await page.close();
    server.close();
  }
}

export function report(results) {
  const names = Object.keys(results[0].medians).filter((name) => name !== 'ours');
  const rows = results.map(({ length, rounds, medians }) => [
    length,
    rounds,
    medians.ours,
    ...names.flatMap((name) => [medians[name], medians[name] / medians.ours]),
  ]);
  const heads = names.flatMap((name) => [`transformers.js ${name}`, 'ratio']);
  return [table([['tokens', 'rounds', 'ours q8', ...heads], ...rows])];
}
