// Learns the byte-level BPE vocabulary of the tests, tests/fixtures/byte-level-bpe: RoBERTa's five special tokens, the 256
// bytes and 2,700 merges, from this repository's own text and from seeded strings in many scripts.
// node tools/train-byte-pairs.mjs
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { random } from './random.mjs';

const merges = 2700;
const root = new URL('..', import.meta.url).pathname;
const { byteLevelPreTokenizer, byteLevelAlphabet } = createRequire(import.meta.url)('tokenizers');

function* texts() {
  for (const folder of ['docs', 'js', 'src/tokenizer', 'src/formats', 'training'])
    for (const name of readdirSync(join(root, folder)).sort())
      if (/\.(md|ts|h|cpp|py)$/.test(name)) yield readFileSync(join(root, folder, name), 'utf8');
  const next = random(7);
  const below = (n) => Math.floor(next() * n);
  const words = [
    'Zürich',
    'café',
    'naïve',
    'Привет',
    'мир',
    'κόσμος',
    'שלום',
    'مرحبا',
    'हिन्दी',
    '日本',
    '東京',
    '한국어',
    '👍🏽',
    '…',
  ];
  const scripts = [0xc0, 0x390, 0x410, 0x5d0, 0x620, 0x905, 0x3042, 0x30a2, 0x4e00, 0xac00, 0x1f600];
  for (let i = 0; i < 3000; ++i) {
    const start = scripts[below(scripts.length)];
    yield `${words[below(words.length)]} ${String.fromCodePoint(start + below(48), start + below(48))}${'\n '.repeat(below(3))}`;
  }
}

// How often each word occurs, as a list of its tokens.
const counts = new Map();
const split = byteLevelPreTokenizer(false);
for (const text of texts())
  for (const [word] of split.preTokenizeString(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
const words = [...counts].map(([word, count]) => ({ tokens: [...word], count }));

const learnt = [];
while (learnt.length < merges) {
  const pairs = new Map();
  for (const { tokens, count } of words)
    for (let i = 1; i < tokens.length; ++i) {
      const pair = `${tokens[i - 1]} ${tokens[i]}`;
      pairs.set(pair, (pairs.get(pair) ?? 0) + count);
    }
  // The most frequent pair; of several the first in the order of its text.
  let best = '';
  for (const [pair, count] of pairs) {
    const most = pairs.get(best) ?? 0;
    if (count > most || (count === most && pair < best)) best = pair;
  }
  learnt.push(best);
  const [left, right] = best.split(' ');
  for (const word of words) {
    const { tokens } = word;
    if (!tokens.some((token, i) => token === left && tokens[i + 1] === right)) continue;
    word.tokens = [];
    for (let i = 0; i < tokens.length; ++i) {
      const merged = tokens[i] === left && tokens[i + 1] === right;
      word.tokens.push(merged ? left + right : tokens[i]);
      if (merged) ++i;
    }
  }
}

const tokens = ['<s>', '<pad>', '</s>', '<unk>', ...byteLevelAlphabet().sort()];
for (const pair of learnt) {
  const token = pair.replace(' ', '');
  if (!tokens.includes(token)) tokens.push(token);
}
tokens.push('<mask>');
const folder = join(root, 'tests/fixtures/byte-level-bpe');
writeFileSync(
  join(folder, 'vocab.json'),
  `${JSON.stringify(Object.fromEntries(tokens.map((token, id) => [token, id])))}\n`,
);
writeFileSync(join(folder, 'merges.txt'), `#version: 0.2\n${learnt.join('\n')}\n`);
console.log(`${tokens.length} tokens, ${learnt.length} merges`);
