// The golden tokenizer through the package: what the C++ test checks, after its way through the bindings and options.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type * as Package from '../../js/api.ts';

const { AutoTokenizer } = (await import('../../dist/engine.js' as string)) as typeof Package;
const folder = fileURLToPath(new URL('../../../shared/golden/tokenizer', import.meta.url));
const there = existsSync(folder);

interface Row {
  ids: number[];
  tokens: string[];
  type_ids: number[];
  attention_mask: number[];
  special_tokens_mask: number[];
  word_ids: (number | null)[];
  sequence_ids: (number | null)[];
  offsets_utf16: [number, number][];
}

interface Case extends Row {
  id: number;
  text: string;
  pair?: string | null;
  add_special_tokens?: boolean;
  truncation?: {
    max_length: number;
    strategy: Package.TruncationName;
    stride: number;
    direction: 'left' | 'right';
  } | null;
  padding?: { length: number } | null;
  decoded: string;
  overflowing?: Row[];
}

interface Batch {
  texts: string[];
  padding: { multiple_of: number | null; direction: 'left' | 'right' };
  encodings: Row[];
}

const sources: [string, Package.ModelSource][] = [
  ['vocab.txt', { 'vocab.txt': `${folder}/bert-base-uncased-vocab.txt` }],
  ['tokenizer.json', { 'tokenizer.json': `${folder}/tokenizer.json` }],
];

const expectedRow = (row: Row) => ({
  ids: row.ids,
  types: row.type_ids,
  mask: row.attention_mask,
  special: row.special_tokens_mask,
  words: row.word_ids,
  sequences: row.sequence_ids,
  offsets: row.offsets_utf16,
});

const rows = (encoded: Package.TokenizedLists) => {
  const { offset_mapping, word_ids, sequence_ids, special_tokens_mask } = encoded;
  return encoded.input_ids.map((ids, row) => ({
    ids,
    types: encoded.token_type_ids[row],
    mask: encoded.attention_mask[row],
    special: special_tokens_mask[row],
    words: word_ids[row],
    sequences: sequence_ids[row],
    offsets: offset_mapping[row],
  }));
};

it.skipIf(there)('golden tokenizer: skipped, ../shared/golden is not there', () => {});

describe.skipIf(!there).each(sources)('from %s', (_, source) => {
  const golden = () => JSON.parse(readFileSync(`${folder}/cases.json`, 'utf8')) as { cases: Case[]; batches: Batch[] };

  it('every case', async () => {
    const tokenizer = await AutoTokenizer.from_pretrained(source);
    const { cases } = golden();
    for (const item of cases) {
      const { truncation, padding } = item;
      // max_length serves both, as in the original; cut shorter than padded is a multiple of the length
      const cutAndPadded = truncation && padding && truncation.max_length < padding.length;
      const length = truncation?.max_length ?? padding?.length;
      const options: Package.TokenizeOptions & { return_tensor: false } = {
        return_tensor: false,
        add_special_tokens: item.add_special_tokens ?? true,
        ...(typeof item.pair === 'string' ? { text_pair: item.pair } : {}),
        ...(length === undefined ? {} : { max_length: length }),
        ...(cutAndPadded
          ? { padding: true, pad_to_multiple_of: padding.length }
          : padding
            ? { padding: 'max_length' as const }
            : {}),
        ...(truncation
          ? { truncation: truncation.strategy, stride: truncation.stride, truncation_side: truncation.direction }
          : {}),
        return_overflowing_tokens: item.overflowing !== undefined,
      };
      const encoded = await tokenizer(item.text, options);
      expect(rows(encoded), `case ${item.id}`).toEqual([item, ...(item.overflowing ?? [])].map(expectedRow));
      expect(await tokenizer.convert_ids_to_tokens(item.ids)).toEqual(item.tokens);
      expect(await tokenizer.decode(item.ids, { skip_special_tokens: true }), `case ${item.id}`).toBe(item.decoded);
    }
    expect(cases.length).toBe(584);
    await tokenizer.dispose();
  });

  it('every batch', async () => {
    const tokenizer = await AutoTokenizer.from_pretrained(source);
    const { batches } = golden();
    for (const { texts, padding, encodings } of batches) {
      const options = {
        padding: true,
        padding_side: padding.direction,
        ...(padding.multiple_of ? { pad_to_multiple_of: padding.multiple_of } : {}),
      };
      const encoded = await tokenizer(texts, { ...options, return_tensor: false });
      expect(rows(encoded)).toEqual(encodings.map(expectedRow));
      const { input_ids } = await tokenizer(texts, options);
      expect(input_ids.tolist()).toEqual(encodings.map(({ ids }) => ids));
    }
    expect(batches.length).toBeGreaterThan(0);
    await tokenizer.dispose();
  });
});
