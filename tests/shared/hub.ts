// Loading from a server that behaves like the hub, and as badly as servers do; the same in Node and in the browser.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type * as Package from '../../js/api.ts';

export interface Hub {
  hub: string;
  store: string;
}

interface Request {
  server: 'hub' | 'store';
  method: string;
  file: string;
  authorization?: string;
  range?: string;
  ifRange?: string;
}

type Options = Package.LoadOptions;
type Events = Package.Progress[];

const weights = 'model.safetensors';
const failure = (promise: Promise<unknown>): Promise<Package.SqueezeBertError> =>
  promise.then(
    () => {
      throw new Error('no error');
    },
    (error) => error,
  );
const sha256 = async (blob: Blob) =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', (await blob.arrayBuffer()) as ArrayBuffer));

export function hubLog({ hub }: Hub) {
  return {
    requests: async () => (await (await fetch(`${hub}/log`)).json()) as Request[],
    forget: async () => void (await fetch(`${hub}/log`, { method: 'DELETE' })),
  };
}

/** Loads a model from the hub with a behaviour, and asks it something. */
export function hubLoader({ pipeline, env }: typeof Package, { hub }: Hub) {
  return async (kinds: string, options: Options = {}, name = 'owner/name'): Promise<string | undefined> => {
    env.hub = `${hub}/${kinds}`;
    const classify = await pipeline('sentiment-analysis', name, options);
    const [result] = await classify('I love it');
    await classify.dispose();
    return result?.label;
  };
}

export function describeHub(library: typeof Package, servers: Hub, inBrowser: boolean): void {
  const { pipeline, env, AutoTokenizer, heapBytes } = library;
  const { requests, forget } = hubLog(servers);
  const original = env.hub;
  beforeEach(forget);
  afterEach(() => {
    env.hub = original;
    env.cache.enabled = true;
  });
  const loader = hubLoader(library, servers);
  const load = (kinds: string, options: Options = {}) => loader(kinds, { cache: 'no-store', ...options });
  const ofWeights = async () => (await requests()).filter(({ file }) => file === weights);

  describe('the files that are asked for', () => {
    it('each once, weights behind a redirect to another origin', async () => {
      expect(await load('plain', { revision: 'v1' })).toBe('POSITIVE');
      const all = await requests();
      expect(all.map(({ server, file }) => `${server} ${file}`).sort()).toEqual(
        [
          'hub config.json',
          'hub model.safetensors',
          'hub tokenizer.json',
          'hub tokenizer_config.json',
          'hub vocab.txt',
          'store model.safetensors',
        ].sort(),
      );
      expect(all.every(({ method }) => method === 'GET')).toBe(true);
    });

    it('pytorch_model.bin where there is no safetensors file', async () => {
      await failure(load('bin'));
      const files = (await requests()).map(({ file }) => file).filter((file) => /model/.test(file));
      expect(files).toEqual([
        'model.safetensors',
        'model.safetensors.index.json',
        'pytorch_model.bin',
        'pytorch_model.bin',
      ]);
    });

    it('shards that an index names, each once', async () => {
      await failure(load('shards'));
      const files = (await requests()).filter(({ server }) => server === 'store').map(({ file }) => file);
      expect(files).toEqual(['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']);
    });

    it('no shard outside the folder: FILE_NOT_FOUND with its name', async () => {
      const error = await failure(load('bad-shards'));
      expect(error.code).toBe('FILE_NOT_FOUND');
      expect(error.detail).toContain('"../../model.safetensors"');
      expect((await requests()).filter(({ server }) => server === 'store')).toEqual([]);
    });

    it('settings of sentence-transformers for features only, once; and from the cache', async () => {
      expect(await load('sentence')).toBe('POSITIVE');
      expect((await requests()).some(({ file }) => file === 'modules.json')).toBe(false);
      await env.cache.clear();
      const vectors: unknown[] = [];
      for (const turn of [0, 1]) {
        await forget();
        env.hub = `${servers.hub}/sentence`;
        const extract = await pipeline('feature-extraction', 'owner/name');
        const vector = (await extract('I love it')).tolist() as number[][];
        await extract.dispose();
        expect(vector.length).toBe(1);
        expect(Math.hypot(...(vector[0] as number[]))).toBeCloseTo(1, 5);
        vectors.push(vector);
        const files = (await requests())
          .map(({ file }) => file)
          .filter((file) => !/vocab|token|safetensors/.test(file));
        if (turn === 0)
          expect(files.sort()).toEqual(['config.json', 'config.json', 'modules.json', 'sentence_bert_config.json']);
        else expect(await requests()).toEqual([]);
      }
      expect(vectors[1]).toEqual(vectors[0]);
      await env.cache.clear();
    });

    it('vocab.json and merges.txt where there is no other vocabulary', async () => {
      env.hub = `${servers.hub}/vocab-json`;
      await failure(AutoTokenizer.from_pretrained('owner/name', { cache: 'no-store' }));
      const files = (await requests()).map(({ file }) => file);
      expect(files.filter((file) => file !== 'tokenizer_config.json')).toEqual([
        'tokenizer.json',
        'vocab.txt',
        'vocab.json',
        'merges.txt',
      ]);
    });

    it('a compressed answer, whose length is another', async () => {
      expect(await load('gzip')).toBe('POSITIVE');
    });
  });

  describe('a token', () => {
    it('is missing: UNAUTHORIZED', async () => {
      expect((await failure(load('private'))).code).toBe('UNAUTHORIZED');
    });

    it('goes to the hub, and not to where the hub redirects', async () => {
      expect(await load('private', { token: 'secret' })).toBe('POSITIVE');
      const all = await requests();
      expect(all.filter(({ server }) => server === 'hub').every((r) => r.authorization === 'Bearer secret')).toBe(true);
      const redirected = all.filter(({ server }) => server === 'store');
      expect(redirected.length).toBe(1);
      expect(redirected[0]?.authorization).toBeUndefined();
    });

    it('does not go to other servers', async () => {
      env.hub = servers.hub;
      const folder = `${servers.store}/local/model/`;
      const classify = await pipeline('sentiment-analysis', folder, { token: 'secret', cache: 'no-store' });
      await classify.dispose();
      const all = await requests();
      expect(all.length).toBeGreaterThan(3);
      expect(all.some(({ authorization }) => authorization)).toBe(false);
    });
  });

  describe('a connection that breaks', () => {
    it('twice: the rest is asked for, and the model is whole', async () => {
      expect(await load('cut')).toBe('POSITIVE');
      const [first, second, third, ...more] = (await ofWeights()).filter(({ server }) => server === 'store');
      expect(more).toEqual([]);
      expect(first?.range).toBeUndefined();
      const from = (range = '') => Number(/^bytes=(\d+)-$/.exec(range)?.[1]);
      expect(from(second?.range)).toBeGreaterThan(0);
      expect(from(third?.range)).toBeGreaterThan(from(second?.range));
      // of another origin a browser would first have to ask for leave
      if (inBrowser) expect(second?.ifRange).toBeUndefined();
      else expect(second?.ifRange).toMatch(/^"/);
    });

    it('and the file has changed meanwhile: from the beginning', async () => {
      expect(await load('changes')).toBe('POSITIVE');
      const ranges = (await ofWeights()).filter(({ server }) => server === 'store').map(({ range }) => range);
      expect(ranges[1]).toMatch(/^bytes=/);
      // with If-Range the second answer is whole already
      expect(ranges.slice(2)).toEqual(inBrowser ? [undefined] : []);
    });

    it('and the server knows no ranges: from the beginning', async () => {
      expect(await load('no-range')).toBe('POSITIVE');
    });

    it.each([
      ['without ETag and date', 'no-validators'],
      ['with a weak ETag', 'weak'],
    ])('%s: from the beginning', async (_, kind) => {
      expect(await load(kind)).toBe('POSITIVE');
      expect((await ofWeights()).every(({ range }) => range === undefined)).toBe(true);
    });

    it('again and again: given up after a few attempts', async () => {
      const error = await failure(load('cut-always,no-range'));
      expect(['FILE_TRUNCATED', 'NETWORK']).toContain(error.code);
      expect((await ofWeights()).filter(({ server }) => server === 'store').length).toBeLessThan(20);
    });

    it('fewer bytes than announced: FILE_TRUNCATED, or NETWORK where the browser says no more', async () => {
      expect(['FILE_TRUNCATED', 'NETWORK']).toContain((await failure(load('short'))).code);
    });
  });

  describe('a server that is busy', () => {
    it('429 with Retry-After: waits so long', async () => {
      const started = performance.now();
      expect(await load('busy')).toBe('POSITIVE');
      expect(performance.now() - started).toBeGreaterThan(1990);
    });

    it('503 without Retry-After: waits a moment', async () => {
      expect(await load('busy-unexposed')).toBe('POSITIVE');
    });

    it('429 for an hour: HTTP_STATUS at once, with the time', async () => {
      const started = performance.now();
      const error = await failure(load('busy-long'));
      expect(error.code).toBe('HTTP_STATUS');
      expect(error.detail).toContain('3600 s');
      expect(performance.now() - started).toBeLessThan(3000);
    });

    it('an abort ends the wait', async () => {
      const started = performance.now();
      const error = await failure(load('busy', { signal: AbortSignal.timeout(400) }));
      expect(error.code).toBe('ABORTED');
      expect(performance.now() - started).toBeLessThan(950);
    });
  });

  describe('a server', () => {
    it('that has nothing (404): FILE_NOT_FOUND with the address', async () => {
      const error = await failure(load('nothing'));
      expect(error.code).toBe('FILE_NOT_FOUND');
      expect(error.detail).toContain(`${servers.hub}/nothing/owner/name/resolve/main/`);
    });

    it('that does not allow other origins: NETWORK in a page; Node does not ask', async () => {
      if (inBrowser) expect((await failure(load('no-cors'))).code).toBe('NETWORK');
      else expect(await load('no-cors')).toBe('POSITIVE');
    });

    it('that does not answer: NETWORK', async () => {
      env.hub = 'http://127.0.0.1:9';
      const error = await failure(pipeline('sentiment-analysis', 'owner/name', { cache: 'no-store' }));
      expect(error.code).toBe('NETWORK');
      expect(error.detail).toContain('http://127.0.0.1:9/owner/name');
    });
  });

  describe('pages instead of files', () => {
    it('of the weights: UNEXPECTED_HTML with the address', async () => {
      const error = await failure(load('html'));
      expect(error.code).toBe('UNEXPECTED_HTML');
      expect(error.detail).toContain(weights);
    });

    it('of everything: UNEXPECTED_HTML', async () => {
      expect((await failure(load('html-all'))).code).toBe('UNEXPECTED_HTML');
    });
  });

  describe('progress', () => {
    it('one number over all files: never back, seldom, at the end 100', async () => {
      const events: Events = [];
      expect(await load('slow', { progress_callback: (progress) => events.push(progress) })).toBe('POSITIVE');
      const totals = events.filter(({ status }) => status === 'progress_total');
      expect(totals.length).toBeGreaterThan(3);
      for (const [index, event] of totals.entries()) {
        expect(event.name).toBe('owner/name');
        expect(event.speed).toBeGreaterThan(0);
        expect(event.loaded as number).toBeLessThanOrEqual(event.total as number);
        expect(event.progress as number).toBeGreaterThanOrEqual(totals[index - 1]?.progress ?? 0);
      }
      const files = events.filter(({ status }) => status === 'done');
      const bytes = files.reduce((sum, { loaded }) => sum + (loaded as number), 0);
      expect(totals.at(-1)).toMatchObject({ progress: 100, loaded: bytes, total: bytes });
      const slow = events.filter(({ status, file }) => status === 'progress' && file === weights);
      // 50 ms apart, while the server writes each 20
      expect(slow.length).toBeLessThan(1.2 * (totals.length * 2) + 10);
      expect(events.at(-1)?.status).toBe('ready');
    });
  });

  describe('integrity', () => {
    const expected = async () => {
      const blob = await (await fetch(`${servers.store}/local/${weights}`)).blob();
      await forget();
      return sha256(blob);
    };

    it('in hexadecimal and in base64', async () => {
      const digest = await expected();
      const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
      expect(await load('plain', { integrity: { [weights]: hex } })).toBe('POSITIVE');
      const base64 = `sha256-${btoa(String.fromCharCode(...digest))}`;
      expect(await load('plain', { integrity: { [weights]: base64 } })).toBe('POSITIVE');
    });

    it('of another file: INTEGRITY with its name, and nothing is kept', async () => {
      const integrity = { [weights]: '0'.repeat(64) };
      await env.cache.clear();
      const error = await failure(load('plain', { integrity, cache: 'default' }));
      expect(error.code).toBe('INTEGRITY');
      expect(error.detail).toContain(weights);
      expect(await env.cache.list()).toEqual([]);
    });
  });

  describe('large weights, which are read while they come', () => {
    const scores = async (source: string | Record<string, Blob>, options: Options) => {
      env.hub = `${servers.hub}/large`;
      const classify = await pipeline('sentiment-analysis', source as string, { cache: 'no-store', ...options });
      const all = await classify(['I love it', 'A rather mixed film']);
      await classify.dispose();
      return { dtype: classify.info.dtype, all };
    };

    it('give the model that they give as a whole', async () => {
      const names = ['config.json', weights, 'vocab.txt', 'tokenizer_config.json'];
      const files: Record<string, Blob> = {};
      for (const name of names)
        files[name] = await (await fetch(`${servers.hub}/large/owner/name/resolve/main/${name}`)).blob();
      expect(files[weights]?.size).toBeGreaterThan(15e6);
      for (const dtype of ['fp32', 'fp16', 'q8', 'q4'] as const) {
        await forget();
        const followed = await scores('owner/name', { dtype });
        expect((await ofWeights()).filter(({ server }) => server === 'store').length).toBe(1);
        expect(followed.dtype).toBe(dtype);
        expect(followed.all[0]?.label).toBe('POSITIVE');
        expect(await scores(files, { dtype })).toEqual(followed);
      }
    });

    it('and whose connection breaks: the rest is asked for', async () => {
      expect(await load('large,cut')).toBe('POSITIVE');
      const ranges = (await ofWeights()).filter(({ server }) => server === 'store').map(({ range }) => range);
      expect(ranges.map((range) => range !== undefined)).toEqual([false, true, true]);
    });

    it.each(['large,changes', 'large,no-range', 'large,weak'])(
      '%s: what was read before counts no more',
      async (kind) => {
        expect(await load(kind)).toBe('POSITIVE');
      },
    );

    it('with a digest: compared before anything is read', async () => {
      const integrity = { [weights]: '0'.repeat(64) };
      expect((await failure(load('large,infinite', { integrity, dtype: 'q8' }))).code).toBe('INTEGRITY');
    });

    it('of which one is infinite: TENSOR_VALUE, nothing is kept', async () => {
      await env.cache.clear();
      const error = await failure(load('large,infinite', { cache: 'default', dtype: 'q8' }));
      expect(error.code).toBe('TENSOR_VALUE');
      expect(error.detail).toContain('pooler.dense.weight');
      expect((await env.cache.list()).filter(({ part }) => part === 'model')).toEqual([]);
    });

    it.each(['large,short', 'large,cut-always,no-range'])('%s: an error', async (kind) => {
      expect(['FILE_TRUNCATED', 'NETWORK']).toContain((await failure(load(kind))).code);
    });

    it('aborted at any moment, or with a tokenizer that fails: no model stays in memory', async () => {
      env.hub = `${servers.hub}/plain`;
      const other = await pipeline('sentiment-analysis', 'owner/name', { cache: 'no-store' });
      const codes = new Set<string>();
      const attempts = async () => {
        for (const wait of [100, 300, 500, 700, 900, 1100]) {
          const signal = AbortSignal.timeout(wait);
          codes.add((await failure(load('large,slow', { signal, dtype: 'fp32' }))).code);
        }
        await failure(load('large,slow,vocab-json', { dtype: 'fp32' }));
        return heapBytes();
      };
      const before = await attempts();
      expect(await attempts()).toBeLessThan(before + 8e6);
      expect([...codes]).toEqual(['ABORTED']);
      expect((await other('I love it'))[0]?.label).toBe('POSITIVE');
      await other.dispose();
    });

    it('are kept as the engine holds them', async () => {
      await env.cache.clear();
      const floats = await (await fetch(`${servers.hub}/large/owner/name/resolve/main/${weights}`)).blob();
      expect(await load('large', { cache: 'default', dtype: 'q8' })).toBe('POSITIVE');
      // A byte for each of the weights instead of four; scales, biases and the vocabulary besides.
      expect(await env.cache.size()).toBeLessThan(0.27 * floats.size);
      await forget();
      expect(await load('large', { cache: 'default', dtype: 'q8' })).toBe('POSITIVE');
      expect(await requests()).toEqual([]);
      await env.cache.clear();
    });
  });

  describe('the cache', () => {
    const cached = (kinds: string, options: Options = {}) => loader(kinds, options);
    beforeEach(() => env.cache.clear());

    it('a second load makes no request', async () => {
      const events: Events = [];
      expect(await cached('plain', { progress_callback: (progress) => events.push(progress) })).toBe('POSITIVE');
      expect(events.some(({ status }) => status === 'not_cached')).toBe(false);
      await forget();
      expect(await cached('plain')).toBe('POSITIVE');
      expect(await requests()).toEqual([]);
      await forget();
      expect(await cached('plain', { local_files_only: true })).toBe('POSITIVE');
      expect(await requests()).toEqual([]);
    });

    it('answers with the same numbers', async () => {
      for (const dtype of ['fp32', 'q8', 'q4'] as const) {
        const scores: number[] = [];
        for (let turn = 0; turn < 2; ++turn) {
          env.hub = `${servers.hub}/plain`;
          const classify = await pipeline('sentiment-analysis', 'owner/name', { dtype });
          expect(classify.info.dtype).toBe(dtype);
          scores.push((await classify('A rather mixed film'))[0]?.score as number);
          await classify.dispose();
        }
        expect(scores[1], dtype).toBe(scores[0]);
      }
    });

    it('holds revisions and types apart', async () => {
      await cached('plain');
      await forget();
      await cached('plain', { revision: 'v2' });
      expect((await ofWeights()).length).toBe(2);
      await forget();
      await cached('plain', { dtype: 'q4' });
      expect((await ofWeights()).length).toBe(2);
      const entries = await env.cache.list();
      expect(entries.filter(({ part }) => part === 'model').length).toBe(3);
    });

    it('lists, counts, forgets one, forgets all', async () => {
      await cached('plain');
      await cached('local');
      const entries = await env.cache.list();
      expect(entries.map(({ source, part }) => `${source} ${part}`).sort()).toEqual([
        'owner/name model',
        'owner/name model',
        'owner/name tokenizer',
        'owner/name tokenizer',
      ]);
      expect(entries.find(({ part, folder }) => part === 'model' && folder.includes('/plain/'))).toMatchObject({
        folder: `${servers.hub}/plain/owner/name/resolve/main/`,
        dtype: expect.stringMatching(/^(fp32|fp16|q8|q4)$/),
      });
      for (const { created } of entries) expect(Math.abs(Date.now() - created)).toBeLessThan(120_000);
      expect(await env.cache.size()).toBe(entries.reduce((sum, { bytes }) => sum + bytes, 0));
      expect(await env.cache.delete('owner/other')).toBe(0);
      expect(await env.cache.delete(`${servers.hub}/local/owner/name/resolve/main/`)).toBe(2);
      expect((await env.cache.list()).length).toBe(2);
      expect(await env.cache.delete('owner/name')).toBe(2);
      await cached('plain');
      await env.cache.clear();
      expect(await env.cache.list()).toEqual([]);
      expect(await env.cache.size()).toBe(0);
    });

    it('reload fetches and replaces', async () => {
      await cached('plain');
      await forget();
      expect(await cached('plain', { cache: 'reload' })).toBe('POSITIVE');
      expect((await ofWeights()).length).toBe(2);
      expect((await env.cache.list()).length).toBe(2);
    });

    it('no-cache asks for changes only', async () => {
      await cached('plain');
      await forget();
      expect(await cached('plain', { cache: 'no-cache' })).toBe('POSITIVE');
      const asked = await requests();
      expect(asked.length).toBeGreaterThan(0);
      expect(asked.every(({ method }) => method === 'HEAD')).toBe(true);
    });

    it('a changed file is seen by no-cache', async () => {
      // the first answer that is whole has the new ETag; after `forget` the server has the old one again
      expect(await cached('changes')).toBe('POSITIVE');
      await forget();
      expect(await cached('changes', { cache: 'no-cache' })).toBe('POSITIVE');
      const methods = (await ofWeights()).map(({ method }) => method);
      expect(methods).toContain('HEAD');
      expect(methods).toContain('GET');
    });

    it('no-store and env.cache.enabled = false keep nothing', async () => {
      await cached('plain', { cache: 'no-store' });
      env.cache.enabled = false;
      await cached('plain');
      expect(await env.cache.list()).toEqual([]);
    });

    it('local_files_only without an entry: FILE_NOT_FOUND without a request', async () => {
      const error = await failure(cached('plain', { local_files_only: true }));
      expect(error.code).toBe('FILE_NOT_FOUND');
      expect(error.detail).toContain('owner/name');
      expect(await requests()).toEqual([]);
    });

    it('an aborted load leaves nothing behind', async () => {
      const controller = new AbortController();
      const error = await failure(
        cached('slow', {
          signal: controller.signal,
          progress_callback: ({ file, loaded }) => {
            if (file === weights && (loaded ?? 0) > 0) controller.abort();
          },
        }),
      );
      expect(error.code).toBe('ABORTED');
      expect(await env.cache.list()).toEqual([]);
    });

    it('an attack in the weights: PICKLE_UNSAFE, which names it; nothing left behind', async () => {
      const error = await failure(cached('attack'));
      expect(error.code).toBe('PICKLE_UNSAFE');
      expect(error.detail).toContain('os system');
      expect((await env.cache.list()).filter(({ part }) => part === 'model')).toEqual([]);
    });

    it('aborted at any moment: what is kept is whole, or is not there', async () => {
      for (const wait of [0, 1, 20, 60, 150, 400, 800, 1200, 1600]) {
        await env.cache.clear();
        const controller = new AbortController();
        const timer = setTimeout(() => controller.abort(), wait);
        const result = await cached('slow', { signal: controller.signal }).catch((error) => error.code);
        clearTimeout(timer);
        expect(['ABORTED', 'POSITIVE']).toContain(result);
        const parts = (await env.cache.list()).map(({ part }) => part).sort();
        if (result === 'POSITIVE') expect(parts).toEqual(['model', 'tokenizer']);
        await forget();
        // whatever is there serves the next load
        expect(await cached('slow')).toBe('POSITIVE');
        const asked = (await requests()).map(({ file }) => file);
        if (parts.includes('model')) expect(asked).not.toContain(weights);
        if (parts.includes('tokenizer')) expect(asked).not.toContain('vocab.txt');
      }
    });

    it.each(['html', 'short', 'bin', 'shards'])('a load that fails (%s) leaves nothing behind', async (kind) => {
      await failure(cached(kind));
      expect((await env.cache.list()).filter(({ part }) => part === 'model')).toEqual([]);
    });

    it('a tokenizer alone is kept, and a pipeline takes it', async () => {
      env.hub = `${servers.hub}/plain`;
      const tokenizer = await AutoTokenizer.from_pretrained('owner/name');
      await tokenizer.dispose();
      expect((await env.cache.list()).map(({ part }) => part)).toEqual(['tokenizer']);
      await forget();
      expect(await cached('plain')).toBe('POSITIVE');
      expect((await requests()).some(({ file }) => file === 'vocab.txt')).toBe(false);
    });
  });
}
