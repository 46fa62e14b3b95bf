// Tokenizing against the JavaScript tokenizer of transformers.js, with the same vocabulary.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { root } from '../../tools/setup.mjs';
import { table } from '../stage/numbers.mjs';
import { sentences } from '../stage/texts.mjs';
import { compare } from './compare.mjs';

export const title = 'Tokenizer: MB of text a second';
export const engines = ['chromium'];

/** Both in this process. */
async function inNode(texts, seconds) {
  const folder = join(root, 'build/bench/hub/ours');
  const json = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const { AutoTokenizer } = await import('../../dist/engine.js');
  const ours = await AutoTokenizer.from_pretrained(`${folder}/`);
  const theirs = new Tokenizer(json('tokenizer.json'), json('tokenizer_config.json'));
  try {
    return await compare(ours, theirs, texts, seconds);
  } finally {
    await ours.dispose();
  }
}

export async function run(bench) {
  await bench.hub();
  const short = sentences();
  let long = '';
  while (long.length < 23_000) long += `${short.join(' ')} `;
  const texts = {
    // as many short texts as make about 400 kB, so that one message to the worker does not count
    'short texts': Array.from({ length: 4000 }, (_, i) => short[i % short.length]),
    'one text of 23 kB': [long.slice(0, 23_000)],
  };
  const seconds = bench.quick ? 3 : 15;
  const page = await bench.open();
  try {
    const inPage = await page.call('/bench/tokenizer/page.mjs', { texts, seconds });
    const where = (name) => (result) => ({ where: name, ...result });
    return [...inPage.map(where('Chromium')), ...(await inNode(texts, seconds)).map(where('Node'))];
  } finally {
    await page.close();
  }
}

export function report(results) {
  return [
    table([
      ['', 'in', 'texts', 'bytes', 'ours', 'theirs', 'ratio', 'same ids'],
      ...results.map(({ name, where, texts, bytes, ours, theirs, same }) => [
        name,
        where,
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
  results
    .filter(({ same }) => !same)
    .map(({ name, where }) => `The ids of ${name} differ in ${where}: the comparison is void.`);
