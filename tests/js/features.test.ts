import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type * as Package from '../../js/api.ts';
import { describeFeatures } from '../shared/features.ts';

const library = (await import('../../dist/engine.js' as string)) as typeof Package;
const model = fileURLToPath(new URL('../../models/sentiment-en', import.meta.url));
const names = ['config.json', 'model.safetensors', 'vocab.txt', 'tokenizer_config.json'];
describeFeatures({
  library,
  files: async () => Object.fromEntries(names.map((name) => [name, new Blob([readFileSync(`${model}/${name}`)])])),
});
