// One sequence of T tokens through every side by turns. Ours runs as in a page: in the worker, one message there, one back.
// Theirs runs in the page itself, without.
import { byTurns, median, numbers, tokenIds } from '/bench/stage/numbers.mjs';

// V8 compiles WebAssembly better while it runs; the first rounds are not counted.
const warmUp = (length) => (length <= 128 ? 5 : 2);

/** Ours: an engine of its own for each number of threads. A function from ids to logits. */
async function ours(dtype, threads, build) {
  const { AutoModelForSequenceClassification, env } = await import(`/dist/index.js?threads=${threads}`);
  env.threads = threads;
  if (build) env.build = build;
  const model = await AutoModelForSequenceClassification.from_pretrained('/data/', { dtype, cache: 'no-store' });
  return async (ids) => (await model({ input_ids: [ids] })).logits.data;
}

async function theirs(file, threads) {
  const ort = await import(`/ort/ort.wasm.min.mjs?threads=${threads}`);
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = '/ort/';
  const session = await ort.InferenceSession.create(`/data/${file}`, {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'all',
  });
  return async (ids) => {
    const int64 = (value) => new ort.Tensor('int64', BigInt64Array.from(ids, value), [1, ids.length]);
    const feeds = { input_ids: int64(BigInt), attention_mask: int64(() => 1n), token_type_ids: int64(() => 0n) };
    return (await session.run(feeds)).logits.data;
  };
}

const farthest = (a, b) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

/**
 * sides: [{ name, dtype, threads } or { name, file, threads }]; the first is the one that the others' logits are compared
 * with. [{ length, rounds, medians, distances, range }]: distances are the mean of the largest difference of a text's
 * logits, range the one in which logit 0 of the first side moved.
 */
export default async ({ sides, lengths, seconds, build, pause }) => {
  const run = {};
  for (const { name, dtype, file, threads } of sides)
    run[name] = await (file ? theirs(file, threads) : ours(dtype, threads, build));
  const random = numbers(1);
  const first = sides[0].name;
  const results = [];
  for (const length of lengths) {
    let ids;
    let drawn = -1;
    const turns = Object.fromEntries(
      sides.map(({ name }) => [
        name,
        (round) => {
          if (round !== drawn) ids = tokenIds(random, length); // a new text every round, the same for all
          drawn = round;
          return run[name](ids);
        },
      ]),
    );
    const distances = Object.fromEntries(sides.map(({ name }) => [name, []]));
    const range = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const check = (outputs) => {
      for (const { name } of sides) distances[name].push(farthest(outputs[name], outputs[first]));
      range[0] = Math.min(range[0], outputs[first][0]);
      range[1] = Math.max(range[1], outputs[first][0]);
    };
    const times = await byTurns(turns, { seconds, warmUp: warmUp(length), pause, check });
    const each = (values, of) => Object.fromEntries(Object.entries(values).map(([name, list]) => [name, of(list)]));
    results.push({
      length,
      rounds: times[first].length,
      medians: each(times, median),
      distances: each(distances, (list) => list.reduce((sum, value) => sum + value, 0) / list.length),
      range,
    });
  }
  return results;
};
