// Texts to ids: ours through the worker, a call for all texts; theirs in the page, text by text as it is made to be used.
import { byTurns, median } from '/bench/stage/numbers.mjs';
import { AutoTokenizer } from '/dist/index.js';

export default async ({ texts, seconds }) => {
  const json = async (name) => (await fetch(`/data/hub/ours/${name}`)).json();
  const { Tokenizer } = await import('/tokenizers/tokenizers.min.mjs');
  const theirs = new Tokenizer(await json('tokenizer.json'), await json('tokenizer_config.json'));
  const ours = await AutoTokenizer.from_pretrained('/data/hub/ours/');
  const results = [];
  for (const [name, list] of Object.entries(texts)) {
    const bytes = new TextEncoder().encode(list.join('')).length;
    const plain = await ours(list, { padding: false, return_tensor: false });
    const same = list.every((text, i) => theirs.encode(text).ids.join() === Array.from(plain.input_ids[i]).join());
    const sides = {
      ours: () => ours(list, { padding: false, return_tensor: false }),
      theirs: () => list.map((text) => theirs.encode(text).ids),
    };
    const times = await byTurns(sides, { seconds });
    const rate = (side) => bytes / median(times[side]) / 1e3;
    results.push({ name, texts: list.length, bytes, same, ours: rate('ours'), theirs: rate('theirs') });
  }
  return results;
};
