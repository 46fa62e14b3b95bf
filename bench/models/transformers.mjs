// transformers.js as a bundler gives it to a page: build/bench/transformers.mjs.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from '../../tools/setup.mjs';

export async function bundleTransformers(data) {
  const outfile = join(data, 'transformers.mjs');
  if (existsSync(outfile)) return;
  await build({
    entryPoints: [join(root, 'bench/node_modules/@huggingface/transformers/dist/transformers.web.js')],
    outfile,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    legalComments: 'none',
    logLevel: 'error',
  });
}
