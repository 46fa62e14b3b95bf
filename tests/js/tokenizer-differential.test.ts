// Our tokenizer against Hugging Face's (the npm package `tokenizers`) on our own vocabulary: 20,000 random strings.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type * as Package from '../../js/api.ts';
// @ts-expect-error plain JavaScript, without types
import { random } from '../../tools/random.mjs';
import { randomText } from '../shared/random-text.ts';

const engine = (await import('../../dist/engine.js' as string)) as typeof Package;
const model = fileURLToPath(new URL('../../models/sentiment-en', import.meta.url));

interface ReferenceEncoding {
  getIds(): number[];
  getTypeIds(): number[];
  getTokens(): string[];
  getOffsets(): [number, number][];
  getWordIds(): (number | null | undefined)[];
  getSpecialTokensMask(): number[];
}
interface Reference {
  encode(text: string, pair?: string): Promise<ReferenceEncoding>;
  decode(ids: number[], skipSpecialTokens: boolean): Promise<string>;
}
const { Tokenizer } = createRequire(import.meta.url)('tokenizers') as {
  Tokenizer: { fromString(json: string): Reference };
};

const vocabulary = readFileSync(`${model}/vocab.txt`, 'utf8').trimEnd().split('\n');
const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const id = (token: string) => vocabulary.indexOf(token);

const tokenizerJson = (lowercase: boolean, strip_accents: boolean | null) =>
  JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map((content) => ({
      id: id(content),
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })), // prettier-ignore
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents, lowercase },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', sep: ['[SEP]', id('[SEP]')], cls: ['[CLS]', id('[CLS]')] },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((token, index) => [token, index])),
    },
  });

/** Offsets that count code points, as UTF-16 units. */
function utf16Offsets(text: string, offsets: [number, number][]): [number, number][] {
  const starts = [0];
  for (const char of text) starts.push((starts.at(-1) as number) + char.length);
  return offsets.map(([start, end]) => [starts[start] as number, starts[end] as number]);
}

const settings = [
  { name: 'uncased', lowercase: true, strip: null, count: 14_000, seed: 1 },
  { name: 'cased', lowercase: false, strip: null, count: 3_000, seed: 2 },
  { name: 'lower case with accents', lowercase: true, strip: false, count: 3_000, seed: 3 },
];

describe('20,000 random strings', () => {
  it.each(settings)('$name: $count', async ({ lowercase, strip, count, seed }) => {
    const json = tokenizerJson(lowercase, strip);
    const reference = Tokenizer.fromString(json);
    const ours = await engine.AutoTokenizer.from_pretrained({ 'tokenizer.json': new Blob([json]) });
    const next = random(seed);
    const words = vocabulary.slice(200, 4000).map((word) => word.replace(/^##/, ''));
    const differences: string[] = [];
    for (let done = 0; done < count; done += 500) {
      const texts = Array.from({ length: 500 }, () => randomText(next, words));
      const got = await ours(texts, { return_tensor: false });
      const decoded = await ours.batch_decode(got.input_ids, { skip_special_tokens: true });
      for (const [index, text] of texts.entries()) {
        const expected = await reference.encode(text);
        const ids = expected.getIds();
        const same =
          JSON.stringify([
            ids,
            expected.getTypeIds(),
            expected.getSpecialTokensMask(),
            expected.getWordIds().map((word) => word ?? null),
            utf16Offsets(text, expected.getOffsets()),
            await reference.decode(ids, true),
          ]) ===
          JSON.stringify([
            got.input_ids[index],
            got.token_type_ids[index],
            got.special_tokens_mask[index],
            got.word_ids[index],
            got.offset_mapping[index],
            decoded[index],
          ]);
        if (!same) differences.push(JSON.stringify(text));
      }
    }
    await ours.dispose();
    expect(differences).toEqual([]);
  });

  it('pairs', async () => {
    const json = tokenizerJson(true, null);
    const reference = Tokenizer.fromString(json);
    const ours = await engine.AutoTokenizer.from_pretrained({ 'tokenizer.json': new Blob([json]) });
    const next = random(4);
    const words = vocabulary.slice(200, 4000);
    for (let index = 0; index < 500; ++index) {
      const [first, second] = [randomText(next, words), randomText(next, words)];
      const expected = await reference.encode(first, second);
      const got = await ours(first, { text_pair: second, return_tensor: false });
      expect(got.input_ids[0], `${first} | ${second}`).toEqual(expected.getIds());
      expect(got.token_type_ids[0]).toEqual(expected.getTypeIds());
      expect(got.special_tokens_mask[0]).toEqual(expected.getSpecialTokensMask());
    }
    await ours.dispose();
  });
});
