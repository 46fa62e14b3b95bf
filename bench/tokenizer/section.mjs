// Tokenizing against the JavaScript tokenizer of transformers.js, with the same vocabulary.

import { table } from '../stage/numbers.mjs';
import { sentences } from '../stage/texts.mjs';

export const title = 'Tokenizer: MB of text a second';
export const engines = ['chromium'];

export async function run(bench) {
  await bench.hub();
  const short = sentences();
  let long = '';
  while (long.length < 23_000) long += `${short.join(' ')} `;
  // as many short texts as make about 400 kB, so that one message to the worker does not count
  const many = Array.from({ length: 4000 }, (_, i) => short[i % short.length]);
  const page = await bench.open();
  try {
    return await page.call('/bench/tokenizer/page.mjs', {
      texts: {
        'short texts': many,
        'one text of 23 kB': [long.slice(0, 23_000)],
      },
      seconds: bench.quick ? 3 : 15,
    });
  } finally {
    await page.close();
  }
}

export function report(results) {
  return [
    table([
      ['', 'texts', 'bytes', 'ours', 'theirs', 'ratio', 'same ids'],
      ...results.map(({ name, texts, bytes, ours, theirs, same }) => [
        name,
        texts,
        bytes,
        ours,
        theirs,
        ours / theirs,
        same ? 'yes' : 'NO',
      ]),
    ]),
  ];
}

export const faults = (results) =>
  results.filter(({ same }) => !same).map(({ name }) => `The ids of ${name} differ: the comparison is void.`);
