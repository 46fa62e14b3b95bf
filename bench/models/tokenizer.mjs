// The tokenizer of the shipped model in the form that transformers.js and @huggingface/tokenizers read.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../tools/setup.mjs';

const specials = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

export const vocabularyFile = join(root, 'models/sentiment-en/vocab.txt');

/** The contents of tokenizer.json: lower-casing BERT WordPiece over our vocabulary. */
export function tokenizerJson() {
  const words = readFileSync(vocabularyFile, 'utf8').replace(/\n$/, '').split('\n');
  const vocab = Object.fromEntries(words.map((word, id) => [word, id]));
  const piece = (name) => ({ SpecialToken: { id: name, type_id: 0 } });
  const sequence = (id, type_id) => ({ Sequence: { id, type_id } });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specials.map((content) => ({
      id: vocab[content],
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [piece('[CLS]'), sequence('A', 0), piece('[SEP]')],
      pair: [
        piece('[CLS]'),
        sequence('A', 0),
        piece('[SEP]'),
        sequence('B', 1),
        { SpecialToken: { id: '[SEP]', type_id: 1 } },
      ],
      special_tokens: Object.fromEntries(
        ['[CLS]', '[SEP]'].map((name) => [name, { id: name, ids: [vocab[name]], tokens: [name] }]),
      ),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  };
}

export const tokenizerConfig = (tokenizer_class) => ({
  tokenizer_class,
  do_lower_case: true,
  model_max_length: 512,
  cls_token: '[CLS]',
  sep_token: '[SEP]',
  pad_token: '[PAD]',
  unk_token: '[UNK]',
  mask_token: '[MASK]',
});
