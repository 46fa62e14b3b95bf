// Whole calls of pipeline(), text in and label out, by turns.
import { byTurns, median } from '/bench/stage/numbers.mjs';
import { classifier } from '/bench/stage/transformers.mjs';
import { AutoTokenizer, pipeline } from '/dist/index.js';

/** The first sentences that make exactly `length` tokens, cut after a word. */
async function textOf(tokenizer, words, length) {
  for (let count = 1; count <= words.length; ++count) {
    const text = words.slice(0, count).join(' ');
    const { input_ids } = await tokenizer(text);
    if (input_ids.dims[1] === length) return text;
    if (input_ids.dims[1] > length) {
      words.splice(count - 1, 1); // this word is too long: without it
      count = Math.max(0, count - 2);
    }
  }
  throw new Error(`No text of ${length} tokens.`);
}

export default async ({ words, lengths, models, seconds }) => {
  const tokenizer = await AutoTokenizer.from_pretrained('/data/hub/ours/');
  const sides = { ours: await pipeline('text-classification', '/data/hub/ours/', { dtype: 'q8' }) };
  for (const model of models) sides[model] = await classifier(model);
  const results = [];
  for (const length of lengths) {
    const text = await textOf(tokenizer, [...words], length);
    const labels = {};
    const turns = Object.fromEntries(
      Object.entries(sides).map(([name, classify]) => [
        name,
        async () => {
          labels[name] = (await classify(text))[0];
        },
      ]),
    );
    const times = await byTurns(turns, { seconds });
    const medians = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]));
    results.push({ length, rounds: times.ours.length, medians, labels });
  }
  return results;
};
