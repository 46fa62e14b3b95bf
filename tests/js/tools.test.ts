// The commands of package.json that no other test runs: that what they import is there.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../tools', import.meta.url));

it.each(readdirSync(folder).filter((name) => name.endsWith('.mjs')))('tools/%s imports what there is', async (name) => {
  const { errors } = await build({
    entryPoints: [`${folder}/${name}`],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    external: ['../dist/*', '/dist/*'], // built, and in pages
    logLevel: 'silent',
  });
  expect(errors).toEqual([]);
});
