// The forms in which a model and the engine may be named.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type * as Package from '../../js/api.ts';

const { pipeline, env } = (await import('../../dist/engine.js' as string)) as typeof Package;
const folder = fileURLToPath(new URL('../../models/sentiment-en', import.meta.url));
const names = ['config.json', 'model.safetensors', 'vocab.txt', 'tokenizer_config.json'];
const bytes = (name: string) => new Uint8Array(readFileSync(`${folder}/${name}`));

// The model's files under every path, and who asked for what.
let requests: IncomingMessage[] = [];
const server = createServer((request, response) => {
  requests.push(request);
  const name = request.url?.split('/').at(-1) ?? '';
  if (names.includes(name)) response.end(bytes(name));
  else response.writeHead(404).end();
}).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const hub = env.hub;
env.cacheDir = mkdtempSync(join(tmpdir(), 'squeezebert-cache-'));
afterAll(() => rmSync(env.cacheDir as string, { recursive: true, force: true }));
afterEach(() => {
  requests = [];
  env.hub = hub;
  env.wasm = undefined;
  env.build = undefined;
});

async function works(source?: Package.ModelSource, options?: Package.LoadOptions): Promise<void> {
  const classify = await pipeline('sentiment-analysis', source, options);
  expect((await classify('I love it'))[0]?.label).toBe('POSITIVE');
  await classify.dispose();
}
const failure = (promise: Promise<unknown>): Promise<Package.SqueezeBertError> =>
  promise.then(
    () => {
      throw new Error('no error');
    },
    (error) => error,
  );
const collect = <File>(make: (name: string) => File): Record<string, File> =>
  Object.fromEntries(names.map((name) => [name, make(name)]));

describe('a model', () => {
  it('that ships with the package', () => works());
  it('as an absolute path', () => works(folder));
  it('as a relative path', () => works(relative(process.cwd(), folder)));
  it('as a file: address', () => works(pathToFileURL(folder)));
  it('as the address of a folder, with and without a slash, as a string and as a URL', async () => {
    await works(`${host}/some/model`);
    await works(new URL(`${host}/some/model/`));
    expect(new Set(requests.map(({ url }) => url))).toEqual(
      new Set([...names, 'tokenizer.json'].map((name) => `/some/model/${name}`)),
    );
  });
  it('by its name on the hub, with a revision and headers', async () => {
    env.hub = host;
    await works('owner/name', { revision: 'v1/x', headers: { Authorization: 'Bearer secret' } });
    expect(requests.every(({ url }) => url?.startsWith('/owner/name/resolve/v1%2Fx/'))).toBe(true);
    expect(requests.every(({ headers }) => headers.authorization === 'Bearer secret')).toBe(true);
  });
  it('as files that somebody picked', () => works(names.map((name) => new File([bytes(name)], name))));
  it('as blobs', () => works(collect((name) => new Blob([bytes(name)]))));
  it('as bytes', () => works(collect(bytes)));
  it('as buffers, in a Map', () => works(new Map(names.map((name) => [name, bytes(name).buffer as ArrayBuffer]))));
  it('as paths', () => works(collect((name) => `${folder}/${name}`)));
  it('as addresses', () => works(collect((name) => new URL(`${host}/${name}`))));
  it('as responses', async () => {
    const responses = names.map(async (name) => [name, await fetch(`${host}/${name}`)] as const);
    await works(new Map(await Promise.all(responses)));
  });
  it('as a response that is none: its status', async () => {
    const files = { ...collect(bytes), 'config.json': await fetch(`${host}/nothing`) };
    expect(await failure(pipeline('sentiment-analysis', files))).toMatchObject({
      code: 'FILE_NOT_FOUND',
      detail: `${host}/nothing`,
    });
  });
  it('as a folder that is not there: FILE_NOT_FOUND with the path', async () => {
    const error = await failure(pipeline('sentiment-analysis', './no/such/folder'));
    expect(error).toMatchObject({ code: 'FILE_NOT_FOUND', detail: './no/such/folder/config.json' });
  });
  it('as a folder of folders: FILE_READ', async () => {
    const files = { ...collect((name) => `${folder}/${name}`), 'config.json': folder };
    expect((await failure(pipeline('sentiment-analysis', files))).code).toBe('FILE_READ');
  });
});

describe('progress', () => {
  it('begins, grows and ends for each file, then says ready', async () => {
    const seen: Package.Progress[] = [];
    await works(`${host}/model/`, { progress_callback: (progress) => seen.push(progress) });
    for (const name of names) {
      const steps = seen.filter(({ file }) => file === name);
      expect(steps[0]?.status).toBe('initiate');
      expect(steps.at(-1)).toMatchObject({ status: 'done', loaded: bytes(name).length });
      const loaded = steps.flatMap((step) => (step.status === 'progress' ? [step.loaded as number] : []));
      expect(loaded.length).toBeGreaterThan(0);
      expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
      expect(loaded.at(-1)).toBe(bytes(name).length);
    }
    expect(seen.at(-1)?.status).toBe('ready');
  });
});

describe('the engine', () => {
  const file = fileURLToPath(new URL('../../dist/squeezebert-simd.wasm', import.meta.url));
  const wasm = () => new Uint8Array(readFileSync(file));
  it.each<[string, () => Package.WasmSource | Promise<Package.WasmSource>]>([
    ['a path', () => relative(process.cwd(), file)],
    ['an address', () => pathToFileURL(file)],
    ['bytes', wasm],
    ['a buffer', () => wasm().buffer as ArrayBuffer],
    ['a compiled module', () => WebAssembly.compile(wasm())],
    ['a response', () => new Response(wasm(), { headers: { 'content-type': 'application/wasm' } })],
  ])('as %s, twice', async (_, make) => {
    env.build = 'simd';
    env.wasm = await make();
    await works();
    await works();
  });
  it('without SIMD: WASM_UNSUPPORTED; without relaxed SIMD: the build simd', async () => {
    const validate = vi.spyOn(WebAssembly, 'validate');
    try {
      validate.mockReturnValue(false);
      expect((await failure(pipeline('sentiment-analysis'))).code).toBe('WASM_UNSUPPORTED');
      validate.mockReset().mockReturnValueOnce(true).mockReturnValueOnce(false);
      const classify = await pipeline('sentiment-analysis');
      expect(classify.info.build).toBe('simd');
      await classify.dispose();
    } finally {
      validate.mockRestore();
    }
  });
  it('that never comes: an abort ends the wait', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    env.wasm = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/engine.wasm`;
    const error = await failure(pipeline('sentiment-analysis', folder, { signal: AbortSignal.timeout(100) }));
    expect(error).toMatchObject({ code: 'ABORTED', name: 'AbortError' });
    silent.closeAllConnections();
    silent.close();
  });
});
