import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { fillFolder } from '../../tools/setup/cache.mjs';
// @ts-expect-error plain JavaScript, without types
import { parseSources } from '../../tools/setup/debian.mjs';
// @ts-expect-error plain JavaScript, without types
import { modulesReady } from '../../tools/setup/npm.mjs';
// @ts-expect-error plain JavaScript, without types
import { atLeast } from '../../tools/setup/step.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'squeezebert-setup-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('compares versions by number', () => {
  expect(atLeast('20.19.0', [20, 19])).toBe(true);
  expect(atLeast('20.9.5', [20, 19])).toBe(false);
  expect(atLeast('22.0.0', [20, 19])).toBe(true);
  expect(atLeast('3.1.6', [3, 1, 69])).toBe(false);
  expect(atLeast('4.0.1', [3, 1, 69])).toBe(true);
  expect(atLeast('3.1.69', [3, 1, 69])).toBe(true);
});

describe("Debian's archive among apt's sources", () => {
  const key = '/usr/share/keyrings/debian-archive-keyring.gpg';
  const stanza = (suites: string, more = '') =>
    `# a comment\nTypes: deb\nURIs: http://mirror.example/debian\nSuites: ${suites}\nComponents: main\n${more}`;

  it('reads stanzas', () => {
    const text = `${stanza('bookworm bookworm-updates', `Signed-By: ${key}\n`)}\n${stanza('bookworm-security')}`;
    expect(parseSources(text, false, 'bookworm')).toEqual([{ uris: ['http://mirror.example/debian'], signedBy: key }]);
  });
  it('reads one-line sources', () => {
    const text = `# deb http://no.example bookworm main\ndeb [arch=amd64 signed-by=${key}] http://mirror.example/debian bookworm main contrib\n`;
    expect(parseSources(text, true, 'bookworm')).toEqual([{ uris: ['http://mirror.example/debian'], signedBy: key }]);
    expect(parseSources('deb http://mirror.example/debian bookworm main', true, 'bookworm')).toEqual([
      { uris: ['http://mirror.example/debian'], signedBy: undefined },
    ]);
  });
  it('passes over other archives, other suites and disabled stanzas', () => {
    expect(parseSources(stanza('bookworm', 'Signed-By: /etc/apt/keyrings/other.asc\n'), false, 'bookworm')).toEqual([]);
    expect(parseSources(stanza('bookworm', 'Enabled: no\n'), false, 'bookworm')).toEqual([]);
    expect(parseSources(stanza('sid'), false, 'bookworm')).toEqual([]);
  });
});

describe('a folder that is filled', () => {
  it('gets its name only when it is finished', async () => {
    const target = join(folder, 'tool');
    const interrupted = fillFolder(target, (partial: string) => {
      writeFileSync(join(partial, 'half'), '');
      throw new Error('interrupted');
    });
    await expect(interrupted).rejects.toThrow('interrupted');
    expect(readdirSync(folder)).toEqual([]);
    await fillFolder(target, (partial: string) => writeFileSync(join(partial, 'whole'), ''));
    expect(readdirSync(folder)).toEqual(['tool']);
    expect(existsSync(join(target, 'whole'))).toBe(true);
  });
  it('clears away what a killed run left', async () => {
    // no process has this id: it is above the largest that Linux gives
    mkdirSync(join(folder, 'tool.partial-99999999'));
    await fillFolder(join(folder, 'tool'), () => {});
    expect(readdirSync(folder)).toEqual(['tool']);
  });
});

describe('node_modules', () => {
  const write = (path: string, packages: object) => {
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    writeFileSync(join(folder, path), JSON.stringify({ packages }));
  };
  const lock = {
    '': { name: 'x' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { version: '1.0.0', optional: true },
  };

  it('is ready when it has every package of the lock', () => {
    write('package-lock.json', lock);
    expect(modulesReady(folder)).toBe(false);
    write('node_modules/.package-lock.json', { 'node_modules/a': { version: '1.0.0' } });
    expect(modulesReady(folder)).toBe(true);
    write('node_modules/.package-lock.json', { 'node_modules/a': { version: '1.0.1' } });
    expect(modulesReady(folder)).toBe(false);
    write('node_modules/.package-lock.json', { 'node_modules/b': { version: '1.0.0' } });
    expect(modulesReady(folder)).toBe(false);
  });
});
