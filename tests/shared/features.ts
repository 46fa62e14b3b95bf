// Vectors of texts, and folders of sentence-transformers; the same in Node and in the browser.
import { afterEach, describe, expect, it } from 'vitest';
import type * as Package from '../../js/api.ts';

export interface Setting {
  library: typeof Package;
  /** The shipped model as files in memory. */
  files(): Promise<Record<string, Blob>>;
}

const json = (value: unknown) => new Blob([JSON.stringify(value)]);
const module = (index: number, kind: string, path = index === 0 ? '' : `${index}_${kind}`) => ({
  idx: index,
  name: `${index}`,
  path,
  type: `sentence_transformers.models.${kind}`,
});
const plain = [module(0, 'Transformer'), module(1, 'Pooling')];
const normalised = [...plain, module(2, 'Normalize')];
const pooling = (...modes: string[]) => ({
  word_embedding_dimension: 256,
  pooling_mode_cls_token: modes.includes('cls_token'),
  pooling_mode_mean_tokens: modes.includes('mean_tokens'),
  pooling_mode_max_tokens: modes.includes('max_tokens'),
  pooling_mode_mean_sqrt_len_tokens: modes.includes('mean_sqrt_len_tokens'),
  pooling_mode_lasttoken: modes.includes('lasttoken'),
  include_prompt: true,
});
const texts = ['I love it', 'A rather mixed film, which nobody in our house will see a second time.', ''];

export function describeFeatures({ library, files }: Setting): void {
  const { pipeline, AutoModel, AutoTokenizer } = library;
  const open: { dispose(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) await one.dispose();
  });
  async function features(more: Record<string, Blob>, options: Package.LoadOptions = {}) {
    const extract = await pipeline(
      'feature-extraction',
      { ...(await files()), ...more },
      { dtype: 'fp32', ...options },
    );
    open.push(extract);
    return extract;
  }
  const failure = (more: Record<string, Blob>): Promise<Package.SqueezeBertError> =>
    features(more).then(
      () => {
        throw new Error('no error');
      },
      (error) => error,
    );

  /** Token states by themselves, from one padded batch: [text][token][channel]. */
  async function states(): Promise<number[][][]> {
    const source = await files();
    const tokenizer = await AutoTokenizer.from_pretrained(source);
    const model = await AutoModel.from_pretrained(source, { dtype: 'fp32' });
    open.push(tokenizer, model);
    const inputs = await tokenizer(texts, { padding: true, truncation: true });
    const rows = (await model(inputs)).last_hidden_state?.tolist() as number[][][];
    const mask = inputs.attention_mask.tolist() as number[][];
    return rows.map((tokens, text) => tokens.filter((_, token) => mask[text]?.[token]));
  }
  const expected: Record<string, (column: number[]) => number> = {
    cls: (column) => column[0] as number,
    mean: (column) => column.reduce((a, b) => a + b) / column.length,
    max: (column) => Math.max(...column),
    mean_sqrt_len: (column) => column.reduce((a, b) => a + b) / Math.sqrt(column.length),
  };
  const pooled = (all: number[][][], mode: string, normalize: boolean) =>
    all.map((tokens) => {
      const vector = (tokens[0] as number[]).map((_, i) =>
        (expected[mode] as (c: number[]) => number)(tokens.map((t) => t[i] as number)),
      );
      const length = normalize ? Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) : 1;
      return vector.map((value) => value / length);
    });
  function expectClose(got: Package.Tensor, want: number[][]): void {
    expect(got.dims).toEqual([want.length, want[0]?.length]);
    const rows = got.tolist() as number[][];
    for (const [row, vector] of want.entries())
      for (const [i, value] of vector.entries())
        expect(Math.abs((rows[row]?.[i] as number) - value)).toBeLessThan(2e-5);
  }

  describe('features', () => {
    it('without settings: the states of every token, as AutoModel gives them', async () => {
      const extract = await features({});
      const all = await states();
      const got = await extract(texts);
      const longest = Math.max(...all.map(({ length }) => length));
      expect(got.dims).toEqual([3, longest, 256]);
      for (const [text, tokens] of (got.tolist() as number[][][]).entries())
        expect(tokens.slice(0, all[text]?.length)).toEqual(all[text]);
      expect((await extract('I love it')).dims).toEqual([1, all[0]?.length, 256]);
      await expect(extract([])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    it.each(['cls', 'mean', 'max', 'mean_sqrt_len'] as const)('pooling: %s', async (mode) => {
      const extract = await features({});
      expectClose(await extract(texts, { pooling: mode }), pooled(await states(), mode, false));
      expectClose(await extract(texts, { pooling: mode, normalize: true }), pooled(await states(), mode, true));
    });

    it('of a text are the same bits in any company', async () => {
      const extract = await features({});
      const together = (await extract(texts, { pooling: 'mean', normalize: true })).tolist() as number[][];
      for (const [index, text] of texts.entries())
        expect((await extract(text, { pooling: 'mean', normalize: true })).tolist()).toEqual([together[index]]);
      expect((await extract([], { pooling: 'mean' })).dims).toEqual([0, 256]);
    });

    it('with a pooling that is none, or without a model: INVALID_ARGUMENT', async () => {
      const extract = await features({});
      await expect(extract('x', { pooling: 'median' as 'mean' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(extract(5 as unknown as string)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(pipeline('feature-extraction')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    it('an abort ends a batch', async () => {
      const extract = await features({});
      const signal = AbortSignal.timeout(1);
      await expect(extract(new Array(2000).fill(texts[1]), { pooling: 'mean', signal })).rejects.toMatchObject({
        code: 'ABORTED',
      });
    });
  });

  describe('a folder of sentence-transformers', () => {
    it.each(['cls_token', 'mean_tokens', 'max_tokens', 'mean_sqrt_len_tokens'])(
      'pools as it says: %s',
      async (mode) => {
        const extract = await features({ 'modules.json': json(plain), '1_Pooling/config.json': json(pooling(mode)) });
        expectClose(await extract(texts), pooled(await states(), mode.replace(/_tokens?$/, ''), false));
      },
    );

    it('normalises as it says, and an option counts more', async () => {
      const extract = await features({
        'modules.json': json(normalised),
        '1_Pooling/config.json': json(pooling('mean_tokens')),
      });
      const all = await states();
      expectClose(await extract(texts), pooled(all, 'mean', true));
      expectClose(await extract(texts, { normalize: false }), pooled(all, 'mean', false));
      expectClose(await extract(texts, { pooling: 'cls' }), pooled(all, 'cls', true));
      expect((await extract(texts, { pooling: 'none' })).dims.length).toBe(3);
    });

    it('reads as many tokens as it says', async () => {
      const settings = { 'modules.json': json(plain), '1_Pooling/config.json': json(pooling('mean_tokens')) };
      const limited = async (max_seq_length: unknown) => {
        const extract = await features({
          ...settings,
          'sentence_bert_config.json': json({ max_seq_length, do_lower_case: false }),
        });
        return (await extract('one two three four five six seven eight nine ten', { pooling: 'none' })).dims[1];
      };
      expect(await limited(8)).toBe(8);
      expect(await limited(null)).toBe(12);
      expect(await limited(1_000_000)).toBe(12);
    });

    it('with module types of later versions', async () => {
      const type = (name: string) => `sentence_transformers.sentence_transformer.modules.${name.toLowerCase()}.${name}`;
      const modules = normalised.map((one) => ({ ...one, type: type(one.type.split('.')[2] as string) }));
      const extract = await features({
        'modules.json': json(modules),
        '1_Pooling/config.json': json(pooling('cls_token')),
      });
      expectClose(await extract(texts), pooled(await states(), 'cls', true));
    });

    it.each<[string, unknown, unknown, string]>([
      ['a layer behind the pooling', [...plain, module(2, 'Dense')], pooling('mean_tokens'), 'Dense'],
      [
        'a normalisation before the pooling',
        [plain[0], module(1, 'Normalize'), plain[1]],
        pooling('mean_tokens'),
        'Normalize,Pooling',
      ],
      ['a model of another kind', [module(0, 'CLIPModel')], pooling('mean_tokens'), 'CLIPModel'],
      ['no modules', [], pooling('mean_tokens'), 'modules.json'],
      ['modules that are none', [null, 5, 'x'], pooling('mean_tokens'), 'modules.json'],
      ['modules that are a text', 'Transformer', pooling('mean_tokens'), 'modules.json'],
      ['modules that are null', null, pooling('mean_tokens'), 'modules.json'],
      ['two poolings at once', plain, pooling('mean_tokens', 'max_tokens'), 'mean,max'],
      ['the last token', plain, pooling('lasttoken'), 'lasttoken'],
      ['no pooling at all', plain, pooling(), 'pooling'],
      ['a pooling that is no object', plain, ['mean'], 'pooling'],
      ['a pooling that is not true', plain, { pooling_mode_mean_tokens: 'yes' }, 'pooling'],
    ])('with %s: CONFIG_INVALID, which names it', async (_, modules, settings, detail) => {
      const error = await failure({ 'modules.json': json(modules), '1_Pooling/config.json': json(settings) });
      expect(error.code).toBe('CONFIG_INVALID');
      expect(error.detail).toContain(detail);
    });

    it.each([0, -1, 'x', {}])('with max_seq_length %j: CONFIG_INVALID', async (max_seq_length) => {
      const error = await failure({
        'modules.json': json(plain),
        '1_Pooling/config.json': json(pooling('mean_tokens')),
        'sentence_bert_config.json': json({ max_seq_length }),
      });
      expect(error.code).toBe('CONFIG_INVALID');
      expect(error.detail).toContain('max_seq_length');
    });

    it('with a layer that is not known: its encoder alone is what AutoModel gives', async () => {
      const source = { ...(await files()), 'modules.json': json([...plain, module(2, 'Dense')]) };
      const model = await AutoModel.from_pretrained(source);
      open.push(model);
      expect((await model({ input_ids: [[1, 2, 3]] })).last_hidden_state?.dims).toEqual([1, 3, 256]);
    });

    it('without its pooling: CONFIG_INVALID; with JSON that is none: JSON_SYNTAX', async () => {
      expect((await failure({ 'modules.json': json(plain) })).code).toBe('CONFIG_INVALID');
      const error = await failure({ 'modules.json': new Blob(['<html>']) });
      expect(error).toMatchObject({ code: 'JSON_SYNTAX', detail: 'modules.json' });
    });
  });
}
