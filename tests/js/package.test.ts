// The package as its users find it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'squeezebert-consumer-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/squeezebert-wasm'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) => spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });

it.each(['squeezebert-wasm', 'squeezebert-wasm/engine'])("import from '%s' works in Node, which then ends", (name) => {
  writeFileSync(
    join(folder, 'script.mjs'),
    `import { pipeline } from '${name}';
    const classify = await pipeline('sentiment-analysis');
    console.log((await classify('I love it'))[0].label);`,
  );
  const { status, stdout, stderr } = run('script.mjs');
  expect(stderr).toBe('');
  expect(stdout).toBe('POSITIVE\n');
  expect(status).toBe(0);
});

it('the other entry points resolve', () => {
  const names = ['worker', 'squeezebert-simd.wasm', 'squeezebert-simd-relaxed-threads.wasm', 'package.json'];
  const script = `for (const name of ${JSON.stringify(names)}) {
    const { existsSync } = await import('node:fs');
    if (!existsSync(new URL(import.meta.resolve('squeezebert-wasm/' + name)))) throw new Error(name);
  }`;
  expect(run('--input-type=module', '-e', script).stderr).toBe('');
});

const consumer = `
import {
  AutoModelForSequenceClassification, AutoTokenizer, newestWins, pipeline, SqueezeBertError, type LabelScore,
} from 'squeezebert-wasm';
import { pipeline as inThread } from 'squeezebert-wasm/engine';

const classify = await pipeline('sentiment-analysis', undefined, { progress_callback: ({ progress }) => progress?.toFixed() });
const one: LabelScore[] = await classify('text');
const list: LabelScore[] = await classify(['a', 'b']);
const lists: LabelScore[][] = await classify(['a', 'b'], { top_k: null, signal: new AbortController().signal });
const cut: true | undefined = one[0]?.truncated;
const live: (text: string) => Promise<LabelScore[]> = newestWins((text: string) => classify(text));
const tokenizer = await AutoTokenizer.from_pretrained('owner/name', { revision: 'main' });
const model = await AutoModelForSequenceClassification.from_pretrained({ 'config.json': new Blob() });
const inputs = await tokenizer(['a'], { padding: true, truncation: true, max_length: 8, return_offsets_mapping: true });
const { logits } = await model(inputs, { output_hidden_states: true });
const numbers: Float32Array | undefined = logits?.data;
const nested = await model({ input_ids: [[1, 2]] });
const extract = await pipeline('feature-extraction', 'owner/name', { dtype: 'q8' });
const vectors: Float32Array = (await extract(['a', 'b'], { pooling: 'mean', normalize: true })).data;
// @ts-expect-error features have no labels
const none: LabelScore[] = await extract('a');
await using second = await inThread('text-classification');
try { await second('x'); } catch (error) { if (error instanceof SqueezeBertError && error.code === 'DISPOSED') throw error; }
// @ts-expect-error there is no such task
await pipeline('no-such-task');
// @ts-expect-error a number is no text
await classify(5);
// @ts-expect-error a batch with all labels is a list of lists
const wrong: LabelScore[] = await classify(['a'], { top_k: null });
export { cut, list, lists, live, nested, none, numbers, vectors, wrong };
`;

it.each([
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
])('the declarations serve a strict program, module %s', (module, moduleResolution) => {
  writeFileSync(join(folder, 'consumer.ts'), consumer);
  const compilerOptions = {
    module,
    moduleResolution,
    target: 'es2022',
    lib: ['ES2022', 'DOM'],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
  const { status, stdout } = run(join(root, 'node_modules/typescript/bin/tsc'), '--project', folder);
  expect(stdout).toBe('');
  expect(status).toBe(0);
});
