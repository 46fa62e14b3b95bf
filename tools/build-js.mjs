// dist/: the package's files. esbuild bundles and minifies the entry points and the command, tsc writes the declarations, the
// WebAssembly builds and the shipped model are copied. Plain relative addresses inside (./worker.js, ./squeezebert-simd.wasm,
// ./models/...) stay as they are, for the bundlers of the users.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { writeErrorCodes } from './generate-error-codes.mjs';
import { trimGlue } from './trim-glue.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const glue = join(root, 'build/wasm-simd/squeezebert-simd.mjs');
const model = ['config.json', 'model.safetensors', 'vocab.txt', 'tokenizer_config.json'];

const wasmBuilds = ['simd', 'simd-relaxed', 'simd-threads', 'simd-relaxed-threads'];
const needed = [
  glue,
  ...wasmBuilds.map((name) => join(root, `build/wasm-${name}/squeezebert-${name}.wasm`)),
  ...model.map((name) => join(root, 'models/sentiment-en', name)),
];
const missing = needed.filter((file) => !existsSync(file));
if (missing.length > 0) {
  console.error(
    `Missing: ${missing.join(', ')}. \`npm run build\` makes the builds; the model is part of the repository.`,
  );
  process.exit(1);
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(join(dist, 'models/sentiment-en'), { recursive: true });
writeErrorCodes();

const options = {
  absWorkingDir: root,
  outdir: dist,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  external: ['node:*'],
  alias: { '#glue': glue },
  legalComments: 'none',
  logLevel: 'warning',
};
// Pages do not download what reads Node's files.
const withoutDisk = {
  name: 'without disk',
  setup: (build) =>
    build.onResolve({ filter: /\/disk\/disk\.ts$/ }, () => ({ path: join(root, 'js/disk/no-disk.ts') })),
};
const trimmedGlue = {
  name: 'trimmed glue',
  setup: (build) =>
    build.onLoad({ filter: /squeezebert-simd\.mjs$/ }, ({ path }) => ({
      contents: trimGlue(readFileSync(path, 'utf8')),
    })),
};
await build({
  ...options,
  entryPoints: { index: 'js/index.ts', worker: 'web-workers/worker.ts' },
  plugins: [withoutDisk, trimmedGlue],
});
await build({
  ...options,
  entryPoints: { engine: 'js/engine.ts', quantize: 'js/bin/quantize.ts' },
  plugins: [trimmedGlue],
});

for (const name of wasmBuilds) {
  const file = `squeezebert-${name}.wasm`;
  cpSync(join(root, `build/wasm-${name}`, file), join(dist, file));
}
for (const name of model) cpSync(join(root, 'models/sentiment-en', name), join(dist, 'models/sentiment-en', name));
const card = join(root, 'models/sentiment-en/README.md');
if (existsSync(card)) cpSync(card, join(dist, 'models/sentiment-en/README.md'));

const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--project', 'js/tsconfig.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (tsc.status !== 0) process.exit(1);
// tsc leaves the endings of imports in declarations as they are in the source.
for (const name of readdirSync(join(dist, 'types'), { recursive: true })) {
  const file = join(dist, 'types', name);
  if (!name.endsWith('.d.ts')) continue;
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/(from|import\() ?'(\.[^']*)\.ts'/g, "$1 '$2.js'"));
}
for (const name of ['index', 'engine']) writeFileSync(join(dist, `${name}.d.ts`), `export * from './types/api.js';\n`);
