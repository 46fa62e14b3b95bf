import { Encodings, type Field } from './encodings.ts';
import { invalid } from './errors.ts';
import { asyncDisposable, type LoadOptions, load } from './load.ts';
import type { EncodeOptions, TokenizerInfo } from './operations.ts';
import { type Session, withSession } from './session.ts';
import type { ModelSource } from './sources.ts';
import { int64, Tensor } from './tensor.ts';
import { checkTexts } from './text.ts';

export type TruncationName = 'longest_first' | 'only_first' | 'only_second';

export interface TokenizeOptions {
  /** Second texts, one for each text: question and context, premise and hypothesis. */
  text_pair?: string | readonly string[];
  /** [CLS] and [SEP]. Default true. */
  add_special_tokens?: boolean;
  /** `true`: to the longest of the batch; `'max_length'`: to `max_length`. */
  padding?: boolean | 'max_length' | 'longest';
  /** Cuts to `max_length`; `true` is `'longest_first'`. */
  truncation?: boolean | TruncationName;
  /** Tokens, special ones included. Default: what the tokenizer's configuration says. */
  max_length?: number;
  /** Tokens that neighbouring windows share, with `return_overflowing_tokens`. */
  stride?: number;
  /** The windows that truncation leaves over become rows of their own. */
  return_overflowing_tokens?: boolean;
  pad_to_multiple_of?: number;
  padding_side?: 'left' | 'right';
  truncation_side?: 'left' | 'right';
  /** `false`: arrays of numbers, which may have different lengths. */
  return_tensor?: boolean;
  /** The result always has `offset_mapping`; here for code that was written for the original. */
  return_offsets_mapping?: boolean;
  /** Likewise `special_tokens_mask`. */
  return_special_tokens_mask?: boolean;
  signal?: AbortSignal | null;
}

/** What is known of the tokens, a row for each sequence. Made when it is read. */
interface Details {
  /** Start and end of each token in its text, UTF-16 units; [0, 0] for special tokens. */
  offset_mapping: [number, number][][];
  /** Index of each token's word in its text; null for special tokens. */
  word_ids: (number | null)[][];
  /** 0 for the first text, 1 for the second, null for special tokens. */
  sequence_ids: (number | null)[][];
  special_tokens_mask: number[][];
  /** Which text each row comes from; with `return_overflowing_tokens` a text has several. */
  overflow_to_sample_mapping: number[];
  /** Whether tokens of the row's text were cut. */
  truncated: boolean[];
}

/** What a model takes: `input_ids`, `attention_mask`, `token_type_ids` [batch, tokens], and what is known of the tokens. */
export interface TokenizedTensors extends Details {
  input_ids: Tensor<BigInt64Array>;
  attention_mask: Tensor<BigInt64Array>;
  token_type_ids: Tensor<BigInt64Array>;
}

export interface TokenizedLists extends Details {
  input_ids: number[][];
  attention_mask: number[][];
  token_type_ids: number[][];
}

const strategies: readonly TruncationName[] = ['longest_first', 'only_first', 'only_second'];

function whole(value: number, name: string, least: number): number {
  if (!Number.isInteger(value) || value < least || value > 0x7fffffff) throw invalid(`${name} ${value}`);
  return value;
}

function engineOptions(options: TokenizeOptions, info: TokenizerInfo): EncodeOptions {
  const { truncation = false, padding = false, max_length, stride = 0 } = options;
  const strategy = strategies.indexOf(truncation === true ? 'longest_first' : (truncation as TruncationName));
  if (truncation !== false && strategy < 0) throw invalid(`truncation '${truncation}'`);
  const length = max_length === undefined ? info.modelMaxLength : whole(max_length, 'max_length', 1);
  if (padding === 'max_length' && length === 0x7fffffff)
    throw invalid("padding 'max_length' without max_length, and the tokenizer has none");
  if (![true, false, 'max_length', 'longest'].includes(padding)) throw invalid(`padding '${padding}'`);
  return {
    addSpecialTokens: options.add_special_tokens ?? true,
    keepOverflowing: options.return_overflowing_tokens ?? false,
    truncation:
      truncation === false
        ? null
        : { maxLength: length, stride: whole(stride, 'stride', 0), strategy, left: options.truncation_side === 'left' },
    padding:
      padding === false
        ? null
        : {
            length: padding === 'max_length' ? length : 0,
            multipleOf: whole(options.pad_to_multiple_of ?? 0, 'pad_to_multiple_of', 0),
            left: options.padding_side === 'left',
          },
  };
}

const orNull = (values: number[]) => values.map((value) => (value < 0 ? null : value));

/** Each made when it is first read: mostly only the ids are. */
function lazily<Values extends object>(makers: { [Name in keyof Values]: () => Values[Name] }): Values {
  const out = {} as Values;
  for (const name of Object.keys(makers) as (keyof Values)[]) {
    let value: Values[keyof Values] | undefined;
    Object.defineProperty(out, name, {
      get: () => (value ??= makers[name]()),
      set: (other) => {
        value = other;
      },
      enumerable: true,
    });
  }
  return out;
}

function details(batch: Encodings): { [Name in keyof Details]: () => Details[Name] } {
  return {
    offset_mapping: () => batch.map((row) => batch.offsets(row)),
    word_ids: () => batch.map((row) => orNull(batch.list('wordIds', row))),
    sequence_ids: () => batch.map((row) => orNull(batch.list('sequenceIds', row))),
    special_tokens_mask: () => batch.map((row) => batch.list('specialTokensMask', row)),
    overflow_to_sample_mapping: () => batch.map((row) => batch.sample(row)),
    truncated: () => batch.map((row) => batch.truncated(row)),
  };
}

/**
 * Text to token ids and back.
 *
 * ```ts
 * const tokenizer = await AutoTokenizer.from_pretrained('./my-model/');
 * const inputs = await tokenizer(['A text', 'Another one'], { padding: true, truncation: true });
 * ```
 */
export interface Tokenizer {
  (text: string | readonly string[], options: TokenizeOptions & { return_tensor: false }): Promise<TokenizedLists>;
  (text: string | readonly string[], options?: TokenizeOptions): Promise<TokenizedTensors>;
  /** The ids of one text. */
  encode(
    text: string,
    options?: Pick<TokenizeOptions, 'add_special_tokens'> & { text_pair?: string },
  ): Promise<number[]>;
  /** The tokens of one text. */
  tokenize(text: string, options?: Pick<TokenizeOptions, 'add_special_tokens'>): Promise<string[]>;
  decode(ids: Iterable<number | bigint>, options?: DecodeOptions): Promise<string>;
  batch_decode(batch: readonly Iterable<number | bigint>[] | Tensor, options?: DecodeOptions): Promise<string[]>;
  convert_ids_to_tokens(ids: Iterable<number | bigint>): Promise<string[]>;
  /** -1 for a token that the vocabulary does not have. */
  convert_tokens_to_ids(tokens: readonly string[]): Promise<number[]>;
  /** The text as the vocabulary sees it: lower case, accents removed, and so on. */
  normalize(text: string): Promise<string>;
  /** Largest token id + 1. */
  readonly vocab_size: number;
  readonly model_max_length: number;
  /** -1 where there is none. */
  readonly special_ids: Readonly<TokenizerInfo['specialIds']>;
  dispose(): Promise<void>;
  /** `await using`, where the platform knows it. */
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

export interface DecodeOptions {
  skip_special_tokens?: boolean;
  clean_up_tokenization_spaces?: boolean;
}

function ids(values: Iterable<number | bigint>): Int32Array {
  if (typeof values !== 'object' || values === null || !(Symbol.iterator in values))
    throw invalid('ids must be a list');
  return Int32Array.from([...values], (value) => {
    const id = Number(value);
    if (id !== (id | 0)) throw invalid(`the id ${value}`);
    return id;
  });
}

function rowsOf(batch: readonly Iterable<number | bigint>[] | Tensor): Int32Array[] {
  if (Array.isArray(batch)) return batch.map(ids);
  if (!(batch instanceof Tensor)) throw invalid('a batch must be a list of lists of ids, or a tensor');
  const [rows = 0, length = 0] = batch.dims;
  const all = ids(batch.data as Iterable<number | bigint>);
  return Array.from({ length: rows }, (_, row) => all.slice(row * length, (row + 1) * length));
}

export function makeTokenizer(session: Session, info: TokenizerInfo): Tokenizer {
  const tokenizer = info.handle;
  const encodeBatch = async (list: string[], pairs: string[], options: EncodeOptions, signal?: AbortSignal | null) =>
    new Encodings(await session.call('encode', { tokenizer, texts: list, pairs, options }, { signal }));
  const plain = (add_special_tokens?: boolean) =>
    engineOptions({ add_special_tokens: add_special_tokens ?? true }, info);

  async function call(text: string | readonly string[], options: TokenizeOptions = {}) {
    const list = checkTexts(text);
    const pairs = options.text_pair === undefined ? [] : checkTexts(options.text_pair, 'text_pair');
    if (options.text_pair !== undefined && pairs.length !== list.length)
      throw invalid(`${list.length} texts with ${pairs.length} second texts`);
    const batch = await encodeBatch(list, pairs, engineOptions(options, info), options.signal);
    if (options.return_tensor === false) {
      const lists = (field: Field) => () => batch.map((row) => batch.list(field, row));
      return lazily<TokenizedLists>({
        input_ids: lists('ids'),
        attention_mask: lists('attentionMask'),
        token_type_ids: lists('typeIds'),
        ...details(batch),
      });
    }
    const length = batch.count ? batch.length(0) : 0;
    for (let row = 1; row < batch.count; ++row)
      if (batch.length(row) !== length)
        throw invalid('texts of different lengths make no tensor; use padding: true, or return_tensor: false');
    const tensor = (field: Field) => () => int64(batch.all(field), [batch.count, length]);
    return lazily<TokenizedTensors>({
      input_ids: tensor('ids'),
      attention_mask: tensor('attentionMask'),
      token_type_ids: tensor('typeIds'),
      ...details(batch),
    });
  }

  const idsToTokens = async (values: Iterable<number | bigint>) =>
    session.call('idsToTokens', { tokenizer, ids: ids(values) });
  const decodeRows = (rows: Int32Array[], options: DecodeOptions = {}) =>
    session.call('decode', {
      tokenizer,
      ids: rows,
      skipSpecialTokens: options.skip_special_tokens ?? false,
      cleanUp: options.clean_up_tokenization_spaces ?? true,
    });
  const dispose = () => session.dispose();
  const methods = {
    encode: async (text: string, options: { add_special_tokens?: boolean; text_pair?: string } = {}) => {
      const pairs = options.text_pair === undefined ? [] : checkTexts(options.text_pair, 'text_pair');
      return (await encodeBatch(checkTexts(text), pairs, plain(options.add_special_tokens))).list('ids', 0);
    },
    tokenize: async (text: string, options: { add_special_tokens?: boolean } = {}) => {
      return idsToTokens(
        (await encodeBatch(checkTexts(text), [], plain(options.add_special_tokens ?? false))).list('ids', 0),
      );
    },
    decode: async (values: Iterable<number | bigint>, options?: DecodeOptions) =>
      (await decodeRows([ids(values)], options))[0] as string,
    batch_decode: async (batch: readonly Iterable<number | bigint>[] | Tensor, options?: DecodeOptions) =>
      decodeRows(rowsOf(batch), options),
    convert_ids_to_tokens: idsToTokens,
    convert_tokens_to_ids: async (tokens: readonly string[]) =>
      session.call('tokensToIds', { tokenizer, tokens: checkTexts(tokens, 'tokens') }),
    normalize: async (text: string) => session.call('normalize', { tokenizer, text: checkTexts(text)[0] as string }),
    vocab_size: info.vocabSize,
    model_max_length: info.modelMaxLength,
    special_ids: info.specialIds,
    dispose,
  };
  return asyncDisposable(Object.assign(call, methods), dispose) as Tokenizer;
}

export const AutoTokenizer = {
  /**
   * Reads `tokenizer.json`, or `vocab.txt` with `tokenizer_config.json`.
   * Errors: those of loading; TOKENIZER_INVALID, TOKENIZER_UNSUPPORTED.
   */
  from_pretrained(source: ModelSource, options: LoadOptions = {}): Promise<Tokenizer> {
    return withSession(options, async (session) => {
      const { tokenizer } = await load(session, source, { tokenizer: true, model: false }, options);
      return makeTokenizer(session, tokenizer as TokenizerInfo);
    });
  },
};
