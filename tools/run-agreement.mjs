// `npm run agreement`: how far q8, q4 and fp16 are from fp32. The shipped model on every row of ../shared/data/eval (the share of
// texts with the same label first), and, where `npm run bench` has made them, full-size random weights (cosine of the logits
// and of the pooled states). Options: --build simd|simd-relaxed  --model FOLDER
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { evalFolder, evalThere, rows, setNames } from './evaluation.mjs';
import { random } from './random.mjs';
import { build } from './run-build.mjs';
import { root, runMain, SetupError, setup } from './setup.mjs';

const types = ['q8', 'q4', 'fp16'];
const fullSize = join(root, 'build/bench');

const cosine = (a, b) => {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; ++i) {
    dot += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return dot / Math.sqrt(aa * bb);
};

/** Labels of all texts in the order of the texts, by data type. */
async function labelsOf(pipeline, model, texts) {
  const labels = {};
  for (const dtype of ['fp32', ...types]) {
    const classify = await pipeline('sentiment-analysis', model, { dtype });
    labels[dtype] = [];
    for (let at = 0; at < texts.length; at += 64)
      for (const [best] of await classify(texts.slice(at, at + 64), { top_k: 1 }).then((all) =>
        all.map((one) => (Array.isArray(one) ? one : [one])),
      ))
        labels[dtype].push(best.label);
    await classify.dispose();
  }
  return labels;
}

async function randomWeights(AutoModel) {
  const outputs = {};
  for (const dtype of ['fp32', ...types]) {
    const model = await AutoModel.from_pretrained(fullSize, { dtype });
    const next = random(7);
    outputs[dtype] = [];
    for (const length of [8, 14, 32, 64, 128, 256]) {
      const ids = Array.from({ length }, () => 1000 + Math.floor(20000 * next()));
      const { logits, pooler_output } = await model({ input_ids: [ids] }, { output_pooler: true });
      outputs[dtype].push({ length, logits: logits.data, pooled: pooler_output.data });
    }
    await model.dispose();
  }
  for (const dtype of types)
    for (const name of ['logits', 'pooled']) {
      const all = outputs[dtype].map((output, i) => cosine(output[name], outputs.fp32[i][name]));
      console.log(
        `full size, random weights: ${dtype.padEnd(4)} ${name} cosine, the least of ${all.length}: ${Math.min(...all).toFixed(5)}`,
      );
    }
}

await runMain(async () => {
  const { values } = parseArgs({ options: { build: { type: 'string' }, model: { type: 'string' } } });
  if (!evalThere) throw new SetupError(`There is nothing to evaluate on: ${evalFolder} is not there.`);
  await setup();
  for (const name of ['wasm', 'js'])
    if (!build(name)) throw new SetupError(`The build '${name}' failed; its messages are above.`);
  const { AutoModelForSequenceClassification, env, pipeline } = await import('../dist/engine.js');
  if (values.build) env.build = values.build;
  const sets = setNames().map((name) => [name, rows(name).map(({ text }) => text)]);
  const labels = await labelsOf(
    pipeline,
    values.model ?? null,
    sets.flatMap(([, texts]) => texts),
  );
  console.log(
    `\n${'the same label as fp32'.padEnd(26)}${'rows'.padStart(6)}${types.map((t) => t.padStart(10)).join('')}`,
  );
  const show = (name, from, to) => {
    const shares = types.map((dtype) => {
      let same = 0;
      for (let i = from; i < to; ++i) same += labels[dtype][i] === labels.fp32[i];
      return `${((100 * same) / (to - from)).toFixed(2)} %`.padStart(10);
    });
    console.log(`${name.padEnd(26)}${String(to - from).padStart(6)}${shares.join('')}`);
  };
  let at = 0;
  for (const [name, texts] of sets) {
    show(name, at, at + texts.length);
    at += texts.length;
  }
  show('all', 0, at);
  if (existsSync(join(fullSize, 'model.safetensors'))) await randomWeights(AutoModelForSequenceClassification);
});
