// One sequence through the full-size model: ours in every dtype beside onnxruntime-web, at every length and thread count.
import { table } from '../stage/numbers.mjs';

/** Each number of threads may be run alone. */
export const parts = true;
export const title = 'One pass of a full-size SqueezeBERT, one sequence: medians in ms';

const usual = [8, 32, 128, 384, 512];

/** Sides with `threads` each; theirs in both layouts, and as int8 where the quantiser could be had. */
function sidesOf(bench, threads) {
  const own = ['fp32', 'q8', 'q4'].map((dtype) => ({ name: `ours ${dtype}`, dtype, threads }));
  // What a second thread gains is measured in the same rounds.
  if (threads > 1) own.push({ name: 'ours q8, 1 thread', dtype: 'q8', threads: 1 });
  if (bench.engine !== 'chromium') return own;
  const files = bench.layouts.map((layout) => ({ name: `theirs fp32 ${layout}`, file: `${layout}.onnx`, threads }));
  const int8 = bench.layouts.map((layout) => ({ name: `theirs int8 ${layout}`, file: `${layout}.int8.onnx`, threads }));
  return [...own, ...files, ...(bench.int8 ? int8 : [])];
}

export async function run(bench) {
  const results = {};
  for (const threads of bench.threads ?? [1, 2]) {
    const page = await bench.open();
    try {
      results[threads] = await page.call('/bench/passes/page.mjs', {
        sides: sidesOf(bench, threads),
        lengths: bench.lengths ?? usual,
        seconds: bench.quick ? 2 : 8,
        build: bench.build,
        // threads of either side look for work a while after a pass
        pause: threads > 1 ? 30 : 0,
      });
    } finally {
      await page.close();
    }
  }
  return results;
}

/** The faster of their layouts. */
export const theirs = (medians, type) => {
  const times = Object.entries(medians).filter(([name]) => name.startsWith(`theirs ${type}`));
  return times.length > 0 ? Math.min(...times.map(([, ms]) => ms)) : undefined;
};

const over = (a, b) => (a === undefined || b === undefined ? undefined : a / b);

export function report(results) {
  return Object.entries(results).map(([threads, rows]) => {
    const names = Object.keys(rows[0].medians);
    const lines = rows.map(({ length, rounds, medians }) => [
      length,
      rounds,
      ...names.map((name) => medians[name]),
      over(theirs(medians, 'fp32'), medians['ours fp32']),
      over(theirs(medians, 'int8'), medians['ours q8']),
      ...(medians['ours q8, 1 thread'] ? [medians['ours q8, 1 thread'] / medians['ours q8']] : []),
    ]);
    const more = lines[0].length > names.length + 4 ? ['gain of threads'] : [];
    const heads = ['tokens', 'rounds', ...names, 'ratio fp32', 'ratio q8', ...more];
    const distances = rows.map(({ length, distances, range }) => [
      length,
      ...names.map((name) => distances[name].toExponential(1)),
      range.map((value) => value.toFixed(2)).join(' .. '),
    ]);
    return [
      `${threads} thread${threads === '1' ? '' : 's'}; ratio: the faster of their layouts / ours`,
      table([heads, ...lines]),
      'mean distance of the logits from ours in float32, and the range of logit 0',
      table([['tokens', ...names, 'range'], ...distances]),
    ].join('\n');
  });
}

/** What makes the comparison void or ours the slower one: sentences. */
export function faults(results) {
  const found = [];
  for (const [threads, rows] of Object.entries(results))
    for (const { length, medians, distances, range } of rows) {
      const at = `at ${length} tokens, ${threads} thread(s)`;
      // Different answers would make the comparison worthless, and so would answers that do not depend on the text: those
      // must move by 20 times the difference that is allowed.
      for (const [name, distance] of Object.entries(distances))
        if (name.startsWith('theirs fp32') && !(distance <= 1e-3)) found.push(`The outputs differ ${at}.`);
      if (!(range[1] - range[0] >= 2e-2)) found.push(`The outputs hardly depend on the tokens ${at}.`);
      if (theirs(medians, 'fp32') <= medians['ours fp32']) found.push(`onnxruntime-web is faster in float32 ${at}.`);
      if (theirs(medians, 'int8') <= medians['ours q8']) found.push(`onnxruntime-web is faster in int8 ${at}.`);
    }
  return found;
}
