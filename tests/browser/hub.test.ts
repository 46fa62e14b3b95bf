// The hub in Chromium, where the cache is in the files of the origin (OPFS).
import { beforeEach, describe, expect, inject, it, vi } from 'vitest';
import type * as Package from '../../js/api.ts';
import { describeHub, hubLoader, hubLog } from '../shared/hub.ts';

const library = (await import('/dist/index.js' as string)) as typeof Package;
const { env } = library;
const servers = inject('hub');

describeHub(library, servers, true);

describe('the files of the origin', () => {
  const load = hubLoader(library, servers);
  const { requests, forget } = hubLog(servers);
  const directory = async () => (await navigator.storage.getDirectory()).getDirectoryHandle('squeezebert-wasm');
  const names = async (): Promise<string[]> => {
    const all: string[] = [];
    for await (const name of ((await directory()) as unknown as { keys(): AsyncIterable<string> }).keys())
      all.push(name);
    return all;
  };
  const change = async (which: RegExp, edit: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | null) => {
    let changed = 0;
    for (const name of (await names()).filter((entry) => which.test(entry))) {
      const folder = await directory();
      const file = await folder.getFileHandle(name);
      const edited = edit(new Uint8Array(await (await file.getFile()).arrayBuffer()));
      if (edited) {
        const writable = await file.createWritable();
        await writable.write(edited);
        await writable.close();
      } else await folder.removeEntry(name);
      ++changed;
    }
    expect(changed).toBe(2);
  };
  const data = /-\d+-/;
  const manifest = /\.json$/;
  beforeEach(async () => {
    env.worker = undefined;
    await env.cache.clear();
    await load('plain');
    await forget();
  });

  it('have a manifest and a file of data for each part, nothing else', async () => {
    const all = await names();
    expect(all.filter((name) => manifest.test(name)).length).toBe(2);
    expect(all.filter((name) => data.test(name)).length).toBe(2);
    expect(all.length).toBe(4);
  });

  it.each<[string, RegExp, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | null]>([
    [
      'a flipped bit in the data',
      data,
      (bytes) => bytes.with(bytes.length >> 1, 1 ^ (bytes[bytes.length >> 1] as number)),
    ],
    ['data that is half written', data, (bytes) => bytes.slice(0, bytes.length >> 1)],
    ['data of another length', data, (bytes) => bytes.slice(0, -1)],
    ['data that the browser has removed', data, () => null],
    ['a manifest that is half written', manifest, (bytes) => bytes.slice(0, bytes.length >> 1)],
    ['an empty manifest', manifest, () => new Uint8Array()],
    ['no manifest', manifest, () => null],
  ])('%s: fetched anew, then from the cache again', async (_, which, edit) => {
    await change(which, edit);
    expect(await load('plain')).toBe('POSITIVE');
    expect((await requests()).length).toBeGreaterThan(0);
    await forget();
    expect(await load('plain')).toBe('POSITIVE');
    expect(await requests()).toEqual([]);
  });

  it('two tabs at once harm neither', async () => {
    await env.cache.clear();
    // two documents with an engine each: what two tabs share, they share
    const tab = async () => {
      const frame = document.createElement('iframe');
      const done = new Promise<unknown>((resolve) => {
        const listen = ({ data: message, source }: MessageEvent) => {
          if (source !== frame.contentWindow) return;
          window.removeEventListener('message', listen);
          resolve(message);
        };
        window.addEventListener('message', listen);
      });
      frame.srcdoc = `<script type="module">
        import { pipeline, env } from '${location.origin}/dist/index.js';
        env.hub = '${servers.hub}/slow';
        const classify = await pipeline('sentiment-analysis', 'owner/tabs').catch((error) => ({ error }));
        parent.postMessage(classify.error ? String(classify.error) : (await classify('I love it'))[0].label, '*');
      </script>`;
      document.body.append(frame);
      const result = await done;
      frame.remove();
      return result;
    };
    expect(await Promise.all([tab(), tab(), tab()])).toEqual(['POSITIVE', 'POSITIVE', 'POSITIVE']);
    await forget();
    expect(await load('slow', {}, 'owner/tabs')).toBe('POSITIVE');
    expect(await requests()).toEqual([]);
    expect((await names()).length).toBe(4);
  });

  /** The package's worker behind a script that changes its surroundings first. */
  const workerAfter = (script: string) => {
    env.worker = () => {
      const text = `${script}\nawait import('${location.origin}/dist/worker.js');`;
      const early = `const early = []; onmessage = (event) => early.push(event.data);
        await (async () => { ${text} })();
        for (const data of early) onmessage({ data });`;
      return new Worker(URL.createObjectURL(new Blob([early], { type: 'text/javascript' })), { type: 'module' });
    };
  };

  it('a full disk: a warning, the model works, nothing stays behind', async () => {
    await env.cache.clear();
    workerAfter(`
      const write = FileSystemSyncAccessHandle.prototype.write;
      FileSystemSyncAccessHandle.prototype.write = function (bytes, options) {
        if ((options?.at ?? 0) >= 2 << 20) throw new DOMException('no space', 'QuotaExceededError');
        return write.call(this, bytes, options);
      };`);
    const events: Package.Progress[] = [];
    expect(await load('plain', { progress_callback: (progress) => events.push(progress) })).toBe('POSITIVE');
    expect(events.find(({ status }) => status === 'not_cached')).toMatchObject({
      name: 'owner/name',
      message: expect.stringContaining('QuotaExceededError'),
    });
    env.worker = undefined;
    expect((await env.cache.list()).map(({ part }) => part)).toEqual(['tokenizer']);
    expect((await names()).length).toBe(2);
  });

  it('missing: Cache Storage instead', async () => {
    await env.cache.clear();
    const script = 'delete FileSystemFileHandle.prototype.createSyncAccessHandle;';
    workerAfter(script);
    expect(await load('plain')).toBe('POSITIVE');
    await forget();
    expect(await load('plain')).toBe('POSITIVE');
    expect(await requests()).toEqual([]);
    expect((await env.cache.list()).length).toBe(2);
    expect((await (await caches.open('squeezebert-wasm')).keys()).length).toBe(4);
    await env.cache.clear();
    expect((await (await caches.open('squeezebert-wasm')).keys()).length).toBe(0);
    expect(await names()).toEqual([]);
  });

  it('missing, and Cache Storage too: memory, as long as the worker lives', async () => {
    await env.cache.clear();
    workerAfter(
      'delete FileSystemFileHandle.prototype.createSyncAccessHandle; Object.defineProperty(globalThis, "caches", { value: undefined });',
    );
    env.hub = `${servers.hub}/plain`;
    const first = await library.pipeline('sentiment-analysis', 'owner/name');
    await forget();
    const second = await library.pipeline('sentiment-analysis', 'owner/name');
    expect(await requests()).toEqual([]);
    expect(await second('I love it')).toEqual(await first('I love it'));
    await first.dispose();
    await second.dispose();
    expect(await names()).toEqual([]);
  });

  it('one page in this thread, the engine without a worker: Cache Storage', async () => {
    const engine = (await import('/dist/engine.js' as string)) as typeof Package;
    await engine.env.cache.clear();
    const inThread = hubLoader(engine, servers);
    expect(await inThread('plain')).toBe('POSITIVE');
    await forget();
    expect(await inThread('plain')).toBe('POSITIVE');
    expect(await requests()).toEqual([]);
    await engine.env.cache.clear();
  });

  it('no SubtleCrypto, as on http pages: integrity is refused in plain words', async () => {
    workerAfter('Object.defineProperty(globalThis, "crypto", { value: undefined });');
    const error = await load('plain', { cache: 'no-store', integrity: { 'config.json': '0'.repeat(64) } }).then(
      () => null,
      (reason: Package.SqueezeBertError) => reason,
    );
    expect(error?.code).toBe('INTEGRITY');
    expect(error?.detail).toContain('https');
  });
});

describe('files at hand', () => {
  const names = ['config.json', 'model.safetensors', 'vocab.txt', 'tokenizer_config.json'];
  const address = (name: string) => new URL(`/models/sentiment-en/${name}`, location.href);
  const collect = async <File>(make: (name: string) => File | Promise<File>) =>
    new Map(await Promise.all(names.map(async (name) => [name, await make(name)] as const)));
  const works = async (source: Package.ModelSource) => {
    const classify = await library.pipeline('sentiment-analysis', source);
    expect((await classify('I love it'))[0]?.label).toBe('POSITIVE');
    await classify.dispose();
  };

  it('blobs', async () => works(await collect(async (name) => (await fetch(address(name))).blob())));
  it('buffers', async () => works(await collect(async (name) => (await fetch(address(name))).arrayBuffer())));
  it('responses', async () => works(await collect((name) => fetch(address(name)))));
  it('addresses, and those of a folder: absolute, of this server, a URL', async () => {
    await works(await collect(address));
    for (const folder of [address('').href, '/models/sentiment-en', new URL('/models/sentiment-en/', location.href)])
      await works(folder);
  });

  it('a whole folder that somebody picked: the common folder is no part of the names', async () => {
    const files = await Promise.all(
      names.map(async (name) => {
        const file = new File([await (await fetch(`/models/sentiment-en/${name}`)).blob()], name);
        Object.defineProperty(file, 'webkitRelativePath', { value: `models/sentiment-en/${name}` });
        return file;
      }),
    );
    const warn = vi.spyOn(console, 'warn');
    const classify = await library.pipeline('sentiment-analysis', files);
    expect((await classify('I love it'))[0]?.label).toBe('POSITIVE');
    await classify.dispose();
    expect(warn).not.toHaveBeenCalled();
  });

  it('a folder that somebody dropped: its handle, file by file, as docs/models.md has it', async () => {
    // the origin's own files have the same handles as a folder from a drop
    const root = await navigator.storage.getDirectory();
    const handle = await root.getDirectoryHandle('dropped', { create: true });
    for (const name of names) {
      const writable = await (await handle.getFileHandle(name, { create: true })).createWritable();
      await writable.write(await (await fetch(address(name))).blob());
      await writable.close();
    }
    const files: File[] = [];
    const entries = handle as unknown as { values(): AsyncIterable<FileSystemHandle> };
    for await (const entry of entries.values())
      if (entry.kind === 'file') files.push(await (entry as FileSystemFileHandle).getFile());
    await works(files);
    await root.removeEntry('dropped', { recursive: true });
  });
});
