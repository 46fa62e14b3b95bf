import type { FilesSpec } from './operations.ts';

/** The sentiment model that ships with the package (models/sentiment-en). Literals, so that bundlers find the files. */
export function defaultModel(): FilesSpec {
  return {
    files: {
      'config.json': { url: new URL('./models/sentiment-en/config.json', import.meta.url).href },
      'model.safetensors': { url: new URL('./models/sentiment-en/model.safetensors', import.meta.url).href },
      'vocab.txt': { url: new URL('./models/sentiment-en/vocab.txt', import.meta.url).href },
      'tokenizer_config.json': { url: new URL('./models/sentiment-en/tokenizer_config.json', import.meta.url).href },
    },
  };
}
