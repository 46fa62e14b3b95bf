import type * as Package from '../../js/api.ts';
import { describeFeatures } from '../shared/features.ts';

const library = (await import('/dist/index.js' as string)) as typeof Package;
const names = ['config.json', 'model.safetensors', 'vocab.txt', 'tokenizer_config.json'];
describeFeatures({
  library,
  files: async () =>
    Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await (await fetch(`/models/sentiment-en/${name}`)).blob()])),
    ),
});
