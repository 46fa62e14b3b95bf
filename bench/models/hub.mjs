// build/bench/hub: folders as the Hugging Face Hub has them, for whole pipelines.
//   ours/                   config, weights (safetensors) and tokenizer of the full-size SqueezeBERT
//   convolution/, product/  the same model for transformers.js, int8 in either ONNX layout
//   distilbert/             a model of DistilBERT's size for transformers.js, int8
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { distilBertOnnx, distilConfig } from './distilbert.mjs';
import { quantized } from './quantized.mjs';
import { tokenizerConfig, tokenizerJson, vocabularyFile } from './tokenizer.mjs';
import { config } from './weights.mjs';

/** Makes what is not there; false when the int8 files cannot be made. */
export function hubFolders(data, layouts) {
  const hub = join(data, 'hub');
  const done = join(hub, 'complete-1');
  if (existsSync(done)) return true;
  if (!existsSync(join(data, 'distilbert.int8.onnx'))) {
    console.log('Making a model of the size of DistilBERT ...');
    writeFileSync(join(data, 'distilbert.onnx'), distilBertOnnx());
  }
  if (!quantized(data, [...layouts, 'distilbert'])) return false;
  rmSync(join(data, 'distilbert.onnx'), { force: true });
  const json = (folder, name, value) => writeFileSync(join(hub, folder, name), JSON.stringify(value));
  const link = (target, path) => {
    rmSync(path, { force: true });
    symlinkSync(target, path);
  };
  for (const folder of ['ours', ...layouts, 'distilbert']) {
    mkdirSync(join(hub, folder, 'onnx'), { recursive: true });
    const distil = folder === 'distilbert';
    const labels = { id2label: distilConfig.id2label, label2id: distilConfig.label2id };
    json(folder, 'config.json', distil ? distilConfig : { ...config, ...labels, pad_token_id: 0 });
    json(folder, 'tokenizer.json', tokenizerJson());
    json(folder, 'tokenizer_config.json', tokenizerConfig(distil ? 'DistilBertTokenizer' : 'SqueezeBertTokenizer'));
    if (folder === 'ours') {
      cpSync(vocabularyFile, join(hub, folder, 'vocab.txt'));
      link('../../model.safetensors', join(hub, folder, 'model.safetensors'));
    } else {
      link(`../../../${folder}.int8.onnx`, join(hub, folder, 'onnx/model_quantized.onnx'));
    }
  }
  writeFileSync(done, '');
  return true;
}
