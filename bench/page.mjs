// In the browser: loads both engines and times them by turns. `bench` is called from run-bench.mjs.
import * as ort from '/ort/ort.wasm.min.mjs';
import { AutoModelForSequenceClassification, env, pipeline } from '/dist/index.js';

const ids = (length) =>
  Array.from({ length }, (_, i) => (i === 0 ? 101 : i + 1 === length ? 102 : 1000 + ((i * 7919) % 28000)));

async function load({ build, threads }) {
  if (build) env.build = build;
  const ours = await AutoModelForSequenceClassification.from_pretrained('/data/');
  // which build runs is told by a pipeline
  const small = await pipeline('sentiment-analysis');
  const used = small.info.build;
  await small.dispose();
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = '/ort/';
  const session = await ort.InferenceSession.create('/data/model.onnx', {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'all',
  });
  return { ours, session, used };
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

globalThis.bench = async (options) => {
  const { ours, session, used } = await load(options);
  const results = [];
  for (const { length, rounds } of options.lengths) {
    const numbers = ids(length);
    const int64 = (value) => BigInt64Array.from(numbers, (id) => BigInt(value ?? id));
    const feeds = {
      input_ids: new ort.Tensor('int64', int64(), [1, length]),
      attention_mask: new ort.Tensor('int64', int64(1), [1, length]),
      token_type_ids: new ort.Tensor('int64', int64(0), [1, length]),
    };
    const inputs = { input_ids: [numbers] };
    const times = { ours: [], theirs: [] };
    const run = {
      ours: async () => (await ours(inputs)).logits.data,
      theirs: async () => (await session.run(feeds)).logits.data,
    };
    let difference = 0;
    for (let round = -2; round < rounds; ++round) {
      const outputs = {};
      // by turns, and each goes first every other time
      for (const side of round % 2 === 0 ? ['ours', 'theirs'] : ['theirs', 'ours']) {
        const start = performance.now();
        outputs[side] = await run[side]();
        if (round >= 0) times[side].push(performance.now() - start);
      }
      for (const [index, value] of outputs.ours.entries())
        difference = Math.max(difference, Math.abs(value - outputs.theirs[index]));
    }
    results.push({
      length,
      rounds,
      ours: median(times.ours),
      theirs: median(times.theirs),
      fastest: { ours: Math.min(...times.ours), theirs: Math.min(...times.theirs) },
      difference,
    });
  }
  await ours.dispose();
  return { build: used, results };
};
