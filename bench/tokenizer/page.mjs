// In a page: ours through the worker, theirs in the page.
import { compare } from '/bench/tokenizer/compare.mjs';
import { AutoTokenizer } from '/dist/index.js';

export default async ({ texts, seconds }) => {
  const json = async (name) => (await fetch(`/data/hub/ours/${name}`)).json();
  const { Tokenizer } = await import('/tokenizers/tokenizers.min.mjs');
  const theirs = new Tokenizer(await json('tokenizer.json'), await json('tokenizer_config.json'));
  return compare(await AutoTokenizer.from_pretrained('/data/hub/ours/'), theirs, texts, seconds);
};
