// A full-size SqueezeBERT with seeded random weights, written once to build/bench: as safetensors for us and, where the bench
// wants it, as ONNX for onnxruntime-web (in both layouts of onnx.mjs), from the same numbers.
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { random } from '../../tools/random.mjs';

export const config = {
  architectures: ['SqueezeBertForSequenceClassification'],
  model_type: 'squeezebert',
  vocab_size: 30528,
  hidden_size: 768,
  embedding_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  hidden_act: 'gelu',
  max_position_embeddings: 512,
  type_vocab_size: 2,
  layer_norm_eps: 1e-12,
  q_groups: 4,
  k_groups: 4,
  v_groups: 4,
  post_attention_groups: 1,
  intermediate_groups: 4,
  output_groups: 4,
  num_labels: 2,
};

/** Normally distributed numbers from a seed (Box-Muller). */
export function normal(seed) {
  const uniform = random(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** [{ name, shape, data }] under the names of the published checkpoints. */
function makeTensors() {
  const next = normal(20260101);
  const tensors = [];
  const add = (name, shape, scale, center = 0) => {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    for (let i = 0; i < data.length; ++i) data[i] = center + scale * next();
    tensors.push({ name, shape, data });
  };
  const norm = (name, size) => {
    add(`${name}.weight`, [size], 0.1, 1);
    add(`${name}.bias`, [size], 0.1);
  };
  const conv = (name, out, size, groups) => {
    // states keep their size from layer to layer
    add(`${name}.weight`, [out, size / groups, 1], (size / groups) ** -0.5);
    add(`${name}.bias`, [out], 0.02);
  };
  const { hidden_size: hidden, intermediate_size: inner } = config;
  add('transformer.embeddings.word_embeddings.weight', [config.vocab_size, hidden], 0.5);
  add('transformer.embeddings.position_embeddings.weight', [config.max_position_embeddings, hidden], 0.3);
  add('transformer.embeddings.token_type_embeddings.weight', [config.type_vocab_size, hidden], 0.1);
  norm('transformer.embeddings.LayerNorm', hidden);
  for (let layer = 0; layer < config.num_hidden_layers; ++layer) {
    const prefix = `transformer.encoder.layers.${layer}`;
    conv(`${prefix}.attention.query`, hidden, hidden, config.q_groups);
    conv(`${prefix}.attention.key`, hidden, hidden, config.k_groups);
    conv(`${prefix}.attention.value`, hidden, hidden, config.v_groups);
    conv(`${prefix}.post_attention.conv1d`, hidden, hidden, config.post_attention_groups);
    norm(`${prefix}.post_attention.layernorm`, hidden);
    conv(`${prefix}.intermediate.conv1d`, inner, hidden, config.intermediate_groups);
    conv(`${prefix}.output.conv1d`, hidden, inner, config.output_groups);
    norm(`${prefix}.output.layernorm`, hidden);
  }
  add('transformer.pooler.dense.weight', [hidden, hidden], hidden ** -0.5);
  add('transformer.pooler.dense.bias', [hidden], 0.02);
  add('classifier.weight', [config.num_labels, hidden], hidden ** -0.5);
  add('classifier.bias', [config.num_labels], 0.02);
  return tensors;
}

function writeSafetensors(path, tensors) {
  const header = {};
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  let text = JSON.stringify(header);
  text = text.padEnd(Math.ceil(text.length / 8) * 8);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(path, 'w');
  for (const part of [size, text, ...tensors.map(({ data }) => new Uint8Array(data.buffer))]) writeSync(file, part);
  closeSync(file);
}

/** Calls `make` where the files are not there yet; the marker's name changes with what the files contain. */
function once(folder, marker, make) {
  const done = join(folder, marker);
  if (existsSync(done)) return;
  mkdirSync(folder, { recursive: true });
  make(makeTensors());
  writeFileSync(done, '');
}

/** config.json and model.safetensors. */
export function modelFiles(folder) {
  once(folder, 'model-3', (tensors) => {
    console.log('Making the weights: 51 million numbers, a file of 204 MB ...');
    console.log(`${(tensors.reduce((sum, { data }) => sum + data.length, 0) / 1e6).toFixed(1)} million parameters`);
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    writeSafetensors(join(folder, 'model.safetensors'), tensors);
  });
}

/** Those and the ONNX files, for which the bench's packages must be there. */
export async function benchFiles(folder) {
  const { layouts, squeezeBertOnnx } = await import('./onnx.mjs');
  modelFiles(folder);
  once(folder, 'complete-3', (tensors) => {
    for (const layout of layouts) {
      rmSync(join(folder, `${layout}.int8.onnx`), { force: true }); // of other contents
      writeFileSync(join(folder, `${layout}.onnx`), squeezeBertOnnx(config, tensors, layout));
    }
  });
}
