import type * as Package from '../../js/api.ts';
import { describeBehaviour } from '../shared/behaviour.ts';

const library = (await import('/dist/index.js' as string)) as typeof Package;
const names = ['config.json', 'model.safetensors', 'vocab.txt', 'tokenizer_config.json'];
describeBehaviour({
  library,
  files: async () =>
    Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await (await fetch(`/models/sentiment-en/${name}`)).blob()])),
    ),
  bad: new URL('/bad/', location.href).href,
});
