// In the browser: loads both engines and times them by turns. `bench` is called from tools/run-bench.mjs.

import { AutoModelForSequenceClassification, env } from '/dist/index.js';
import * as ort from '/ort/ort.wasm.min.mjs';

// V8 compiles WebAssembly better while it runs; the first rounds are not counted.
const warmUp = 5;

/** Seeded whole numbers in [0, limit). */
function numbers(seed) {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

/** { name: async (ids) => logits }, each a side of the comparison: `ours`, and theirs in every layout. */
async function load({ build, layouts }) {
  if (build) env.build = build;
  const model = await AutoModelForSequenceClassification.from_pretrained('/data/');
  const run = {
    ours: async (ids) => {
      const inputs = { input_ids: [ids], attention_mask: [ids.map(() => 1)], token_type_ids: [ids.map(() => 0)] };
      return (await model(inputs)).logits.data;
    },
  };
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = '/ort/';
  for (const layout of layouts) {
    const session = await ort.InferenceSession.create(`/data/${layout}.onnx`, {
      executionProviders: ['wasm'],
      graphOptimizationLevel: 'all',
    });
    run[layout] = async (ids) => {
      const int64 = (value) => new ort.Tensor('int64', BigInt64Array.from(ids, value), [1, ids.length]);
      const feeds = {
        input_ids: int64(BigInt),
        attention_mask: int64(() => 1n),
        token_type_ids: int64(() => 0n),
      };
      return (await session.run(feeds)).logits.data;
    };
  }
  return run;
}

/** For each length: medians in ms by side, the largest difference of the logits, and the range that logit 0 moved in. */
globalThis.bench = async ({ lengths, build, layouts }) => {
  const run = await load({ build, layouts });
  const sides = Object.keys(run);
  const random = numbers(1);
  const results = [];
  for (const { length, rounds } of lengths) {
    const times = Object.fromEntries(sides.map((side) => [side, []]));
    let difference = 0;
    const range = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let round = -warmUp; round < rounds; ++round) {
      const ids = Array.from({ length }, (_, i) => (i === 0 ? 101 : i + 1 === length ? 102 : 1000 + random(28000)));
      const outputs = {};
      for (let turn = 0; turn < sides.length; ++turn) {
        // every side goes first in its turn
        const side = sides[(turn + round + warmUp) % sides.length];
        const start = performance.now();
        outputs[side] = await run[side](ids);
        if (round >= 0) times[side].push(performance.now() - start);
      }
      for (const layout of layouts)
        for (const [index, value] of outputs.ours.entries()) {
          const distance = Math.abs(value - outputs[layout][index]);
          // a NaN must not pass for equal
          difference = distance <= difference ? difference : distance;
        }
      range[0] = Math.min(range[0], outputs.ours[0]);
      range[1] = Math.max(range[1], outputs.ours[0]);
    }
    const medians = Object.fromEntries(sides.map((side) => [side, median(times[side])]));
    results.push({ length, rounds, medians, difference, range });
  }
  return results;
};
