// Asks any checkpoint for sequence classification what it thinks of runs/sentences.txt (see label.py), through this package:
//   node training/teach.mjs FOLDER NAME [--dtype fp32|q8] [--order negative,neutral,positive]
// -> runs/sentences.NAME.f32: float32 [sentences, 3], probabilities of negative, neutral, positive; NaN for neutral where the
// checkpoint has no such label. FOLDER: owner/name on the hub, an address or a folder, with safetensors or pytorch_model.bin.
// --order: what its outputs mean, where the labels in its config do not say it. Goes on where it was stopped.
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pipeline } from '../dist/engine.js';

const BATCH = 256;
const classes = ['negative', 'neutral', 'positive'];

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { dtype: { type: 'string', default: 'fp32' }, order: { type: 'string' } },
});
const [folder, name] = positionals;
if (!folder || !name) {
  console.error('node training/teach.mjs FOLDER NAME [--dtype fp32|q8] [--order negative,neutral,positive]');
  process.exit(2);
}
const runs = new URL('runs/', import.meta.url);
const sentences = readFileSync(new URL('sentences.txt', runs), 'utf8').replace(/\n$/, '').split('\n');
const file = fileURLToPath(new URL(`sentences.${name}.f32`, runs));

const classify = await pipeline('text-classification', folder, { dtype: values.dtype });
const { labels } = classify.info;
const meant = values.order ? values.order.split(',') : labels.map((label) => classes.find((c) => label.toLowerCase().startsWith(c.slice(0, 3))));
const missing = ['negative', 'positive'].filter((c) => !meant.includes(c));
if (meant.length !== labels.length || missing.length > 0) {
  console.error(`The labels are ${labels.join(', ')}; say what they mean, in this order: --order negative,neutral,positive`);
  process.exit(2);
}
const classOf = new Map(labels.map((label, index) => [label, classes.indexOf(meant[index])]));

let done = existsSync(file) ? Math.floor(statSync(file).size / 12) : 0;
const first = done;
const begun = Date.now();
while (done < sentences.length) {
  const batch = sentences.slice(done, done + BATCH);
  const rows = new Float32Array(batch.length * 3);
  for (const [i, scores] of (await classify(batch, { top_k: null })).entries()) {
    if (!meant.includes('neutral')) rows[3 * i + 1] = Number.NaN;
    for (const { label, score } of scores) if (classOf.get(label) >= 0) rows[3 * i + classOf.get(label)] += score;
  }
  appendFileSync(file, new Uint8Array(rows.buffer));
  done += batch.length;
  const speed = (1000 * (done - first)) / (Date.now() - begun);
  process.stderr.write(`\r${done} of ${sentences.length} sentences, ${Math.round(speed)} a second, ${Math.ceil((sentences.length - done) / speed / 60)} min left `);
}
process.stderr.write('\n');
await classify.dispose();
