// Our byte-level BPE against Hugging Face's (the npm package `tokenizers`) on a vocabulary learnt for the test
// (tools/train-byte-pairs.mjs): 20,000 random strings in the settings that RoBERTa's family has, and others.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type * as Package from '../../js/api.ts';
// @ts-expect-error plain JavaScript, without types
import { random } from '../../tools/random.mjs';
import { randomText } from '../shared/random-text.ts';

const engine = (await import('../../dist/engine.js' as string)) as typeof Package;
const folder = fileURLToPath(new URL('../fixtures/byte-level-bpe', import.meta.url));

interface ReferenceEncoding {
  getIds(): number[];
  getTypeIds(): number[];
  getOffsets(): [number, number][];
  getWordIds(): (number | null | undefined)[];
  getSpecialTokensMask(): number[];
}
interface Reference {
  encode(text: string, pair?: string | null, options?: { addSpecialTokens: boolean }): Promise<ReferenceEncoding>;
  decode(ids: number[], skipSpecialTokens: boolean): Promise<string>;
}
const { Tokenizer } = createRequire(import.meta.url)('tokenizers') as {
  Tokenizer: { fromString(json: string): Reference };
};

const vocabJson = readFileSync(`${folder}/vocab.json`, 'utf8');
const mergesText = readFileSync(`${folder}/merges.txt`, 'utf8');
const vocab: Record<string, number> = JSON.parse(vocabJson);
const merges = mergesText.trimEnd().split('\n').slice(1);
const specials = ['<s>', '<pad>', '</s>', '<unk>', '<mask>'];

type Json = Record<string, unknown>;
const addedToken = (id: number, content: string, more: Json = {}) => ({
  id,
  content,
  single_word: false,
  lstrip: content === '<mask>',
  rstrip: false,
  normalized: false,
  special: true,
  ...more,
});
const roberta = (add_prefix_space: boolean, trim_offsets: boolean) => ({
  type: 'RobertaProcessing',
  sep: ['</s>', vocab['</s>']],
  cls: ['<s>', vocab['<s>']],
  trim_offsets,
  add_prefix_space,
});
function tokenizerJson(prefix: boolean, more: Json = {}, model: Json = {}): string {
  return JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specials.map((content) => addedToken(vocab[content] as number, content)),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: prefix, trim_offsets: true, use_regex: true },
    post_processor: roberta(prefix, true),
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab,
      merges,
      ...model,
    },
    ...more,
  });
}

const size = Object.keys(vocab).length;
const someAdded = {
  added_tokens: [
    ...specials.map((content) => addedToken(vocab[content] as number, content, { normalized: content === '<s>' })),
    addedToken(size, 'néw', { special: false, normalized: true }),
    addedToken(size + 1, ' two words ', { special: false, rstrip: true }),
    addedToken(size + 2, '##x', { special: false, single_word: true, lstrip: true }),
  ],
};
const withoutSomeBytes = Object.fromEntries(
  Object.entries(vocab).filter(([token]) => !/[ðŁìíåæ]/.test(token) || [...token].length > 9),
);
const mergesWithout = merges.filter((merge) => !/[ðŁìíåæ]/.test(merge));

const settings: { name: string; json: string; count: number }[] = [
  { name: 'RoBERTa', json: tokenizerJson(false), count: 8000 },
  { name: 'RoBERTa with a space before the text', json: tokenizerJson(true), count: 4000 },
  {
    name: 'GPT-2: no special tokens, offsets with their spaces, merges as pairs',
    json: tokenizerJson(
      false,
      { post_processor: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true } },
      { merges: merges.map((merge) => merge.split(' ')) },
    ),
    count: 2000,
  },
  {
    name: 'offsets trimmed but for the added space, a template',
    json: tokenizerJson(true, {
      post_processor: {
        type: 'Sequence',
        processors: [
          { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
          {
            type: 'TemplateProcessing',
            single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
            pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
            special_tokens: { '<s>': { id: '<s>', ids: [vocab['<s>']], tokens: ['<s>'] } },
          },
        ],
      },
    }),
    count: 2000,
  },
  { name: 'more added tokens', json: tokenizerJson(true, someAdded), count: 2000 },
  {
    name: 'the text as one word',
    json: tokenizerJson(false, {
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    }),
    count: 1000,
  },
  { name: 'words that are tokens', json: tokenizerJson(false, {}, { ignore_merges: true }), count: 1000 },
  {
    name: 'bytes that are not in the vocabulary, each unknown',
    json: tokenizerJson(false, {}, { vocab: withoutSomeBytes, merges: mergesWithout, unk_token: '<unk>' }),
    count: 1000,
  },
  {
    name: 'bytes that are not in the vocabulary, unknown together',
    json: tokenizerJson(
      false,
      {},
      { vocab: withoutSomeBytes, merges: mergesWithout, unk_token: '<unk>', fuse_unk: true },
    ),
    count: 1000,
  },
];

/** Offsets that count code points, as UTF-16 units. */
function utf16Offsets(text: string, offsets: [number, number][]): [number, number][] {
  const starts = [0];
  for (const char of text) starts.push((starts.at(-1) as number) + char.length);
  return offsets.map(([start, end]) => [starts[start] as number, starts[end] as number]);
}

const words = [
  ...Object.keys(vocab)
    .filter((_, index) => index % 7 === 0)
    .map((token) => token.replace('Ġ', ' ')),
  "it's we'll I'd they've you're I'm don't O'Reilly 'S 's",
  ' <mask>',
  '<mask> ',
  '<s></s>',
  '<pad>',
  '   ',
  '\n\n',
  ' \n',
  '\u00a0',
  '\u3000 ',
  '12345',
  '٣٤',
  'Ⅷ',
  'néw',
  ' two words  x',
  ' ##x ',
  '##xa',
  'Ġ',
];

describe('byte-level BPE on random strings', () => {
  it.each(settings)('$name: $count', async ({ json, count }) => {
    const reference = Tokenizer.fromString(json);
    const ours = await engine.AutoTokenizer.from_pretrained({ 'tokenizer.json': new Blob([json]) });
    const next = random(count + json.length);
    const differences: string[] = [];
    for (let done = 0; done < count; done += 500) {
      const texts = Array.from({ length: 500 }, () => randomText(next, words));
      const got = await ours(texts, { return_tensor: false });
      const [skipped, whole] = await Promise.all(
        [true, false].map((skip_special_tokens) => ours.batch_decode(got.input_ids, { skip_special_tokens })),
      );
      for (const [index, text] of texts.entries()) {
        const expected = await reference.encode(text);
        const ids = expected.getIds();
        const theirs = JSON.stringify([
          ids,
          expected.getTypeIds(),
          expected.getSpecialTokensMask(),
          expected.getWordIds().map((word) => word ?? null),
          utf16Offsets(text, expected.getOffsets()),
          await reference.decode(ids, true),
          await reference.decode(ids, false),
        ]);
        const same =
          theirs ===
          JSON.stringify([
            got.input_ids[index],
            got.token_type_ids[index],
            got.special_tokens_mask[index],
            got.word_ids[index],
            got.offset_mapping[index],
            skipped?.[index],
            whole?.[index],
          ]);
        if (!same) differences.push(JSON.stringify(text));
      }
    }
    await ours.dispose();
    expect(differences).toEqual([]);
  });

  it.each([settings[0], settings[1], settings[3]])('pairs: $name', async (setting) => {
    const { json } = setting as { json: string };
    const reference = Tokenizer.fromString(json);
    const ours = await engine.AutoTokenizer.from_pretrained({ 'tokenizer.json': new Blob([json]) });
    const next = random(4);
    for (let index = 0; index < 500; ++index) {
      const [first, second] = [randomText(next, words), randomText(next, words)];
      for (const addSpecialTokens of [true, false]) {
        const expected = await reference.encode(first, second, { addSpecialTokens });
        const got = await ours(first, {
          text_pair: second,
          return_tensor: false,
          add_special_tokens: addSpecialTokens,
        });
        expect(got.input_ids[0], `${first} | ${second}`).toEqual(expected.getIds());
        expect(got.token_type_ids[0]).toEqual(expected.getTypeIds());
        expect(got.special_tokens_mask[0]).toEqual(expected.getSpecialTokensMask());
        expect(got.word_ids[0]).toEqual(expected.getWordIds().map((word) => word ?? null));
      }
    }
    await ours.dispose();
  });

  it.each([false, true])('vocab.json and merges.txt mean the same; a space before the text: %s', async (prefix) => {
    const reference = Tokenizer.fromString(tokenizerJson(prefix));
    const ours = await engine.AutoTokenizer.from_pretrained({
      'vocab.json': new Blob([vocabJson]),
      'merges.txt': new Blob([mergesText]),
      'tokenizer_config.json': new Blob([
        JSON.stringify({ add_prefix_space: prefix, model_max_length: 512, tokenizer_class: 'RobertaTokenizer' }),
      ]),
    });
    expect(ours.special_ids).toEqual({ pad: 1, unk: 3, cls: 0, sep: 2, mask: vocab['<mask>'] });
    const next = random(5);
    for (let index = 0; index < 500; ++index) {
      const text = randomText(next, words);
      const expected = await reference.encode(text);
      const got = await ours(text, { return_tensor: false });
      expect(got.input_ids[0], text).toEqual(expected.getIds());
      expect(got.offset_mapping[0], text).toEqual(utf16Offsets(text, expected.getOffsets()));
    }
    await ours.dispose();
  });
});
