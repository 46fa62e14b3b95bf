// The hub in Node, where the cache is a folder.
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type * as Package from '../../js/api.ts';
// @ts-expect-error plain JavaScript, without types
import { startHub } from '../hub-server.mjs';
import { describeHub, type Hub, hubLoader, hubLog } from '../shared/hub.ts';

const library = (await import('../../dist/engine.js' as string)) as typeof Package;
const { env } = library;
const servers = (await startHub()) as Hub & { close(): void };
const folder = mkdtempSync(join(tmpdir(), 'squeezebert-cache-'));
env.cacheDir = folder;
afterAll(() => {
  servers.close();
  rmSync(folder, { recursive: true, force: true });
});

describeHub(library, servers, false);

describe('the folder of the cache', () => {
  const load = hubLoader(library, servers);
  const { requests, forget } = hubLog(servers);
  beforeEach(async () => {
    env.cacheDir = folder;
    await env.cache.clear();
    await load('plain');
    await forget();
  });
  const path = (name: string) => join(folder, name);
  const names = (end: RegExp) => readdirSync(folder).filter((name) => end.test(name));
  const data = /-\d+-/;
  const manifest = /\.json$/;

  /** The model works, from the network, and once more from the cache. */
  async function recovers(): Promise<void> {
    expect(await load('plain')).toBe('POSITIVE');
    expect((await requests()).length).toBeGreaterThan(0);
    await forget();
    expect(await load('plain')).toBe('POSITIVE');
    expect(await requests()).toEqual([]);
    expect(readdirSync(folder).length).toBe(4);
  }

  it('has a manifest and a file of data for each part', () => {
    expect(names(manifest).length).toBe(2);
    expect(names(data).length).toBe(2);
    expect(readdirSync(folder).length).toBe(4);
  });

  it('one flipped bit anywhere in the data: fetched anew', async () => {
    for (const name of names(data)) {
      const bytes = readFileSync(path(name));
      bytes[Math.floor(bytes.length * 0.7)] = (bytes[Math.floor(bytes.length * 0.7)] as number) ^ 0x10;
      writeFileSync(path(name), bytes);
    }
    await recovers();
  });

  it('data that ends early: fetched anew', async () => {
    for (const name of names(data)) truncateSync(path(name), readFileSync(path(name)).length - 1);
    await recovers();
  });

  it('data that is gone: fetched anew', async () => {
    for (const name of names(data)) rmSync(path(name));
    await recovers();
  });

  it.each([
    ['half a manifest', (text: string) => text.slice(0, text.length / 2)],
    ['no manifest at all', () => ''],
    ['a manifest with another size', (text: string) => text.replace(/"bytes":\d/, '"bytes":9')],
    ['a manifest of JSON that is none of ours', () => '{"key": 5}'],
  ])('%s: fetched anew', async (_, change) => {
    for (const name of names(manifest)) writeFileSync(path(name), change(readFileSync(path(name), 'utf8')));
    expect(await load('plain')).toBe('POSITIVE');
    expect((await requests()).length).toBeGreaterThan(0);
    await forget();
    expect(await load('plain')).toBe('POSITIVE');
    expect(await requests()).toEqual([]);
  });

  it('data that nobody has finished is removed after an hour', async () => {
    const old = `0123456789abcdef-${Date.now() - 3_700_000}-x`;
    const recent = `0123456789abcdef-${Date.now() - 1000}-x`;
    for (const name of [old, recent]) writeFileSync(path(name), 'left behind');
    await load('plain', { cache: 'reload' });
    expect(readdirSync(folder)).not.toContain(old);
    expect(readdirSync(folder)).toContain(recent);
  });

  it('a load that is aborted while it writes leaves no file that is none of an entry', async () => {
    for (const wait of [700, 900, 1100, 1300, 1500]) {
      await env.cache.clear();
      await load('slow', { signal: AbortSignal.timeout(wait) }).catch((error) => expect(error.code).toBe('ABORTED'));
      expect(names(data).length).toBe(names(manifest).length);
      expect(readdirSync(folder).length).toBe(names(data).length + names(manifest).length);
    }
  });

  it('two loads at once harm neither', async () => {
    await env.cache.clear();
    expect(await Promise.all([load('plain'), load('plain')])).toEqual(['POSITIVE', 'POSITIVE']);
    await forget();
    expect(await load('plain')).toBe('POSITIVE');
    expect(await requests()).toEqual([]);
  });

  it('a folder that cannot be written: a warning, and the model works', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    env.cacheDir = path('file/in/a/file');
    writeFileSync(path('file'), '');
    const events: Package.Progress[] = [];
    expect(await load('plain', { progress_callback: (progress) => events.push(progress) })).toBe('POSITIVE');
    expect(events.find(({ status }) => status === 'not_cached')?.message).toMatch(/ENOTDIR|EEXIST/);
    expect(warn).toHaveBeenCalled();
    warn.mockRestore();
  });
});
