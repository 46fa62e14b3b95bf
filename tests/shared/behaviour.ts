// What users meet: results, limits and errors, the same in Node and in the browser.
import { afterEach, describe, expect, it } from 'vitest';
import type * as Package from '../../js/api.ts';

export interface Setting {
  library: typeof Package;
  /** The shipped model as files in memory. */
  files(): Promise<Record<string, Blob>>;
  /** Address of the bad server, with a slash at its end. */
  bad: string;
}

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: Package.SqueezeBertError) => error.code ?? String(error),
  );
const failure = (promise: Promise<unknown>): Promise<Package.SqueezeBertError> =>
  promise.then(
    () => {
      throw new Error('no error');
    },
    (error) => error,
  );

/** The safetensors file with its header changed, the data left as it is. */
async function withHeader(file: Blob, change: (header: Record<string, { shape: number[] }>) => void): Promise<Blob> {
  const length = Number(new DataView(await file.slice(0, 8).arrayBuffer()).getBigUint64(0, true));
  const header = JSON.parse(await file.slice(8, 8 + length).text());
  change(header);
  const text = new TextEncoder().encode(JSON.stringify(header));
  const size = new DataView(new ArrayBuffer(8));
  size.setBigUint64(0, BigInt(text.length), true);
  return new Blob([size.buffer, text, file.slice(8 + length)]);
}

export function describeBehaviour({ library, files, bad }: Setting): void {
  const { pipeline, env, SqueezeBertError, SupersededError, newestWins } = library;
  const open: { dispose(): Promise<void> }[] = [];
  const sentiment = async () => {
    const classify = await pipeline('sentiment-analysis');
    open.push(classify);
    return classify;
  };
  afterEach(async () => {
    for (const one of open.splice(0)) await one.dispose();
    env.build = undefined;
    env.wasm = undefined;
  });

  describe('sentiment', () => {
    it('reads a text, in shapes as transformers.js has them', async () => {
      const classify = await sentiment();
      expect(classify.info.labels).toEqual(['NEGATIVE', 'NEUTRAL', 'POSITIVE']);
      const one = await classify('What a wonderful, lovely day!');
      expect(one).toEqual([{ label: 'POSITIVE', score: expect.any(Number) }]);
      const all = await classify('This is a terrible, boring mess.', { top_k: null });
      expect(all.map(({ label }) => label).sort()).toEqual(['NEGATIVE', 'NEUTRAL', 'POSITIVE']);
      expect(all[0]?.label).toBe('NEGATIVE');
      expect(all.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 5);
      expect(all.map(({ score }) => score)).toEqual(all.map(({ score }) => score).sort((a, b) => b - a));
      const list = await classify(['What a wonderful day!', 'I hate this.']);
      expect(list.map(({ label }) => label)).toEqual(['POSITIVE', 'NEGATIVE']);
      expect(await classify(['a', 'b'], { top_k: 2 })).toHaveLength(2);
      expect((await classify(['a', 'b'], { top_k: 2 }))[1]).toHaveLength(2);
      expect(await classify([])).toEqual([]);
    });

    it('gives a text the same bits alone and in a batch', async () => {
      const classify = await sentiment();
      const texts = ['short', 'a somewhat longer sentence, with commas', 'x '.repeat(300), '', 'mid length one'];
      const batch = await classify(texts, { top_k: null });
      for (const [index, text] of texts.entries()) expect(await classify(text, { top_k: null })).toEqual(batch[index]);
    });

    it.each(['simd', 'simd-relaxed'] as const)('runs on the build %s', async (build) => {
      env.build = build;
      const classify = await sentiment();
      expect(classify.info.build).toBe(build);
      expect((await classify('I love it'))[0]?.label).toBe('POSITIVE');
    });

    it('takes files in memory', async () => {
      const classify = await pipeline('text-classification', await files());
      open.push(classify);
      expect(await classify('I love it')).toEqual(await (await sentiment())('I love it'));
    });
  });

  describe('unusual texts', () => {
    it.each([
      ['the empty string', ''],
      ['only spaces', '   \n\t '],
      ['control characters', '\u0000\u0001\u200b'],
      ['lone surrogates', 'good \ud800 day \udc00\udfff'],
      ['emoji', '😀👩‍👩‍👧‍👦🇩🇪'],
      ['a megabyte without a space', 'a'.repeat(1_000_000)],
      ['special tokens in the text', '[CLS] [SEP] [MASK] [PAD]'],
    ])('%s gets a result', async (_, text) => {
      const [result] = await (await sentiment())(text);
      expect(['NEGATIVE', 'NEUTRAL', 'POSITIVE']).toContain(result?.label);
      expect(result).not.toHaveProperty('truncated');
    });

    it('10,000 words are cut, and the result says so', async () => {
      const [result] = await (await sentiment())('lovely '.repeat(10_000));
      expect(result).toMatchObject({ label: 'POSITIVE', truncated: true });
    });

    it.each([null, undefined, 5, {}, [null], ['a', 5]])('%j instead of text: INVALID_ARGUMENT', async (value) => {
      expect(await code((await sentiment())(value as never))).toBe('INVALID_ARGUMENT');
    });

    it.each([0, -1, 1.5, Number.NaN, 'all'])('top_k %s: INVALID_ARGUMENT', async (top_k) => {
      expect(await code((await sentiment())('text', { top_k: top_k as number }))).toBe('INVALID_ARGUMENT');
    });
  });

  describe('the life of a pipeline', () => {
    it('a call after dispose: DISPOSED; a second dispose does nothing', async () => {
      const classify = await sentiment();
      await classify.dispose();
      await classify.dispose();
      const error = await failure(classify('text'));
      expect(error).toBeInstanceOf(SqueezeBertError);
      expect(error.code).toBe('DISPOSED');
    });

    it('calls that run when it is disposed of: DISPOSED', async () => {
      const classify = await sentiment();
      const calls = Array.from({ length: 5 }, () => code(classify('x '.repeat(500))));
      await classify.dispose();
      expect(new Set(await Promise.all(calls))).toEqual(new Set(['DISPOSED']));
    });

    it('one pipeline ends, the other goes on', async () => {
      const first = await sentiment();
      const second = await sentiment();
      await first.dispose();
      expect((await second('I love it'))[0]?.label).toBe('POSITIVE');
    });

    it('unknown task: UNSUPPORTED_TASK', async () => {
      expect(await code(pipeline('translation' as never))).toBe('UNSUPPORTED_TASK');
    });

    it('await using disposes', async () => {
      const classify = await sentiment();
      const dispose = (classify as unknown as Record<symbol, () => Promise<void>>)[Symbol.asyncDispose as symbol];
      if (typeof Symbol.asyncDispose !== 'symbol') return;
      await dispose?.call(classify);
      expect(await code(classify('text'))).toBe('DISPOSED');
    });
  });

  describe('abort', () => {
    it('of a call before it begins', async () => {
      const classify = await sentiment();
      const error = await failure(classify('text', { signal: AbortSignal.abort('enough') }));
      expect(error).toMatchObject({ code: 'ABORTED', name: 'AbortError', cause: 'enough' });
    });

    it('of a long batch on its way, after which it goes on working', async () => {
      const classify = await sentiment();
      const controller = new AbortController();
      const texts = Array.from({ length: 2000 }, () => 'some words that take a moment to read '.repeat(30));
      const started = performance.now();
      const call = failure(classify(texts, { signal: controller.signal }));
      setTimeout(() => controller.abort(), 60);
      expect((await call).code).toBe('ABORTED');
      expect((await classify('I love it'))[0]?.label).toBe('POSITIVE');
      // 2,000 such texts take many seconds
      expect(performance.now() - started).toBeLessThan(3000);
    });

    it('of a load on its way', async () => {
      const controller = new AbortController();
      const load = failure(
        pipeline('sentiment-analysis', `${bad}slow/`, {
          signal: controller.signal,
          progress_callback: ({ file, loaded }) => {
            if (file === 'model.safetensors' && (loaded ?? 0) > 2000) controller.abort('too slow');
          },
        }),
      );
      expect(await load).toMatchObject({ code: 'ABORTED', name: 'AbortError', cause: 'too slow' });
    });
  });

  describe('newest wins', () => {
    it('replaces what waits, runs what came last', async () => {
      const classify = await sentiment();
      const long = `${'x '.repeat(400)}`;
      const results = await Promise.allSettled([
        classify.latest(`${long} one`),
        classify.latest(`${long} two`),
        classify.latest(`${long} three`),
        classify.latest('I love it'),
      ]);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
      for (const result of results) {
        if (result.status !== 'rejected') continue;
        expect(result.reason).toBeInstanceOf(SupersededError);
        expect(result.reason.code).toBe('SUPERSEDED');
      }
    });

    it('goes on after an error', async () => {
      const call = newestWins(async (value: number) => {
        if (value === 1) throw new Error('one');
        return value;
      });
      const results = await Promise.allSettled([call(1), call(2)]);
      expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
      expect(await call(3)).toBe(3);
    });
  });

  describe('models that cannot be had', () => {
    const load = (path: string) => failure(pipeline('sentiment-analysis', bad + path));

    it.each([
      ['404', 'status-404/', 'FILE_NOT_FOUND'],
      ['401', 'status-401/', 'UNAUTHORIZED'],
      ['403', 'status-403/', 'UNAUTHORIZED'],
      ['500', 'status-500/', 'HTTP_STATUS'],
      ['a page instead of files', 'html/', 'UNEXPECTED_HTML'],
      ['a page instead of the weights', 'html-weights/', 'UNEXPECTED_HTML'],
      ['404 for the weights', 'without-weights/', 'FILE_NOT_FOUND'],
    ])('%s', async (_, path, expected) => {
      const error = await load(path);
      expect(error).toBeInstanceOf(SqueezeBertError);
      expect(error.code).toBe(expected);
      expect(error.detail).toContain(bad + path);
    });

    it('a download that breaks off', async () => {
      // browsers report it as a network error, or as the number of bytes
      expect(['FILE_TRUNCATED', 'NETWORK']).toContain((await load('short/')).code);
    });

    it('no server', async () => {
      expect(await code(pipeline('sentiment-analysis', 'http://127.0.0.1:9/model/'))).toBe('NETWORK');
    });

    it('a name that is none', async () => {
      for (const name of ['', 'no such/model/at all', 'a b'])
        expect(await code(pipeline('sentiment-analysis', name))).toBe('INVALID_ARGUMENT');
      expect(await code(pipeline('sentiment-analysis', 5 as never))).toBe('INVALID_ARGUMENT');
    });

    it('a missing file of a list', async () => {
      for (const name of ['config.json', 'model.safetensors', 'vocab.txt']) {
        const list = await files();
        delete list[name];
        const error = await failure(pipeline('sentiment-analysis', list));
        expect(error.code).toBe('FILE_NOT_FOUND');
        expect(error.detail).toContain(name);
      }
    });

    it('a missing engine: WASM_LOAD', async () => {
      env.wasm = `${bad}status-404/squeezebert-simd.wasm`;
      expect(await code(pipeline('sentiment-analysis'))).toBe('WASM_LOAD');
      env.wasm = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 9]);
      expect(await code(pipeline('sentiment-analysis'))).toBe('WASM_LOAD');
      env.wasm = undefined;
      await sentiment();
    });
  });

  describe('models that are broken', () => {
    const change = async (changes: (list: Record<string, Blob>) => void | Promise<void>) => {
      const list = await files();
      await changes(list);
      return failure(pipeline('sentiment-analysis', list));
    };
    const weights = (list: Record<string, Blob>) => list['model.safetensors'] as Blob;

    it('truncated safetensors', async () => {
      for (const [size, expected] of [
        [5, 'SAFETENSORS_HEADER_TOO_SMALL'],
        [100, 'SAFETENSORS_HEADER_LENGTH'],
        [100_000, 'SAFETENSORS_FILE_SIZE'],
        [-1, 'SAFETENSORS_FILE_SIZE'],
      ] as const) {
        const error = await change((list) => {
          list['model.safetensors'] = weights(list).slice(0, size);
        });
        expect(error.code, `${size} bytes`).toBe(expected);
      }
    });

    it('a wrong shape is named', async () => {
      const error = await change(async (list) => {
        const config = JSON.parse(await (list['config.json'] as Blob).text());
        list['config.json'] = new Blob([JSON.stringify({ ...config, intermediate_size: 512 })]);
      });
      expect(error.code).toBe('TENSOR_SHAPE');
      expect(error.detail).toContain('encoder.layers.0');
    });

    it('a missing tensor and an unknown one are named', async () => {
      const name = 'transformer.pooler.dense.bias';
      const error = await change(async (list) => {
        list['model.safetensors'] = await withHeader(weights(list), (header) => {
          header['transformer.pooler.other.bias'] = header[name] as { shape: number[] };
          delete header[name];
        });
      });
      expect(['TENSOR_MISSING', 'TENSOR_UNEXPECTED']).toContain(error.code);
      expect(error.detail).toContain('pooler');
    });

    it.each([
      ['not JSON', 'hello', 'JSON_SYNTAX'],
      ['a list', '[]', 'CONFIG_INVALID'],
      ['another family', '{"model_type": "gpt2"}', 'MODEL_TYPE_UNSUPPORTED'],
      ['nonsense in it', '{"model_type": "squeezebert", "hidden_size": -1}', 'CONFIG_INVALID'],
    ])('config.json is %s', async (_, text, expected) => {
      const error = await change((list) => {
        list['config.json'] = new Blob([text]);
      });
      expect(error.code).toBe(expected);
    });

    it('a vocabulary without its special tokens', async () => {
      const error = await change((list) => {
        list['vocab.txt'] = new Blob(['a\nb\n']);
      });
      expect(error.code).toBe('TOKENIZER_INVALID');
    });

    it('a tokenizer of another kind', async () => {
      const error = await change((list) => {
        list['tokenizer.json'] = new Blob([JSON.stringify({ model: { type: 'Unigram', vocab: [] } })]);
      });
      expect(error.code).toBe('TOKENIZER_UNSUPPORTED');
    });

    it('a model for another task: TASK_MISMATCH', async () => {
      const { AutoModelForMaskedLM } = library;
      expect((await failure(AutoModelForMaskedLM.from_pretrained(await files()))).code).toMatch(/^TENSOR_/);
    });
  });

  describe('models and tensors', () => {
    it('refuses inputs that do not fit', async () => {
      const model = await library.AutoModelForSequenceClassification.from_pretrained(await files());
      open.push(model);
      const rows = (count: number, length: number, value = 1) =>
        Array.from({ length: count }, () => new Array(length).fill(value));
      expect((await model({ input_ids: rows(2, 7) })).logits?.dims).toEqual([2, 3]);
      expect(await code(model({} as never))).toBe('INVALID_ARGUMENT');
      expect(await code(model({ input_ids: [[1, 2], [3]] }))).toBe('INVALID_ARGUMENT');
      expect(await code(model({ input_ids: [1, 2] }))).toBe('INVALID_ARGUMENT');
      expect(await code(model({ input_ids: [[1.5]] }))).toBe('INVALID_ARGUMENT');
      expect(await code(model({ input_ids: [['a']] }))).toBe('INVALID_ARGUMENT');
      expect(await code(model({ input_ids: rows(1, 3), attention_mask: rows(1, 2) }))).toBe('INVALID_ARGUMENT');
      expect(await code(model({ input_ids: rows(1, 0) }))).toBe('INVALID_ARGUMENT');
      expect(await code(model({ input_ids: rows(1, 3, 1_000_000) }))).toBe('TOKEN_ID_RANGE');
      expect(await code(model({ input_ids: rows(1, 3, -1) }))).toBe('TOKEN_ID_RANGE');
      expect(await code(model({ input_ids: rows(1, 513) }))).toBe('INPUT_TOO_LONG');
    });

    it('text to tensors to logits equals the pipeline', async () => {
      const list = await files();
      const tokenizer = await library.AutoTokenizer.from_pretrained(list);
      const model = await library.AutoModelForSequenceClassification.from_pretrained(list);
      open.push(tokenizer, model);
      const texts = ['I love it', 'A dull and endless film, I am afraid.'];
      const inputs = await tokenizer(texts, { padding: true, truncation: true });
      const { logits } = await model(inputs);
      const results = await (await sentiment())(texts, { top_k: null });
      const rows = logits?.tolist() as number[][];
      for (const [index, row] of rows.entries()) {
        const sum = row.reduce((total, x) => total + Math.exp(x), 0);
        for (const [label, x] of row.entries()) {
          const name = model.config.id2label[label];
          const score = results[index]?.find((entry) => entry.label === name)?.score as number;
          expect(Math.exp(x) / sum).toBeCloseTo(score, 4);
        }
      }
    });

    it('the tokenizer: padding, truncation, windows, pairs, decoding', async () => {
      const tokenizer = await library.AutoTokenizer.from_pretrained(await files());
      open.push(tokenizer);
      const text = 'The quick brown fox.';
      const plain = await tokenizer(text);
      expect(plain.input_ids.type).toBe('int64');
      expect(plain.input_ids.dims[0]).toBe(1);
      const ids = await tokenizer.encode(text);
      expect(Array.from(plain.input_ids.data, Number)).toEqual(ids);
      expect(await tokenizer.decode(ids, { skip_special_tokens: true })).toBe('the quick brown fox.');
      expect(await tokenizer.batch_decode([ids, ids])).toHaveLength(2);
      for (const [start, end] of plain.offset_mapping[0]?.slice(1, -1) ?? []) expect(end).toBeGreaterThan(start);
      expect(await code(tokenizer(['a', 'a much longer text']))).toBe('INVALID_ARGUMENT');
      const padded = await tokenizer(['a', 'a much longer text'], { padding: true, pad_to_multiple_of: 8 });
      expect((padded.input_ids.dims[1] as number) % 8).toBe(0);
      expect(padded.attention_mask.tolist()).not.toEqual(padded.special_tokens_mask);
      const cut = await tokenizer(text, { truncation: true, max_length: 4 });
      expect(cut.input_ids.dims).toEqual([1, 4]);
      expect(cut.truncated).toEqual([true]);
      const windows = await tokenizer([text, 'b'], {
        truncation: true,
        max_length: 5,
        stride: 1,
        return_overflowing_tokens: true,
        padding: true,
      });
      expect(windows.overflow_to_sample_mapping.filter((sample) => sample === 0).length).toBeGreaterThan(1);
      expect(windows.overflow_to_sample_mapping.at(-1)).toBe(1);
      const pair = await tokenizer('a', { text_pair: 'b' });
      expect(pair.token_type_ids.tolist()).toEqual([[0, 0, 0, 1, 1]]);
      expect(await code(tokenizer('a', { truncation: true, max_length: 1 }))).toBe('INVALID_ARGUMENT');
      expect(await code(tokenizer(['a', 'b'], { text_pair: ['c'] }))).toBe('INVALID_ARGUMENT');
      expect(await code(tokenizer(text, { truncation: 'some' as never }))).toBe('INVALID_ARGUMENT');
      expect(await code(tokenizer(text, { truncation: true, max_length: 6, stride: 9 }))).toBe('INVALID_ARGUMENT');
      expect(await code(tokenizer(5 as never))).toBe('INVALID_ARGUMENT');
      const [special] = await tokenizer.convert_tokens_to_ids(['[MASK]', 'no such token']);
      expect(special).toBe(tokenizer.special_ids.mask);
      expect(await tokenizer.convert_ids_to_tokens([special as number])).toEqual(['[MASK]']);
    });
  });

  describe('memory', () => {
    it('2,000 calls of mixed lengths: the heap does not grow after the first 100', async () => {
      const classify = await sentiment();
      const lengths = Array.from({ length: 97 }, (_, index) => 1 + ((index * 37) % 97));
      const call = (index: number) => classify('some words '.repeat(lengths[index % lengths.length] as number));
      for (let index = 0; index < 100; ++index) await call(index);
      const before = await library.heapBytes();
      expect(before).toBeGreaterThan(1_000_000);
      for (let index = 100; index < 2000; ++index) await call(index);
      expect(await library.heapBytes()).toBe(before);
    });
  });
}
