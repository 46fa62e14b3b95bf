// The command of the package: small weights to host oneself.
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import type * as Package from '../../js/api.ts';
// @ts-expect-error plain JavaScript, without types
import { startHub } from '../hub-server.mjs';

const { pipeline, AutoModelForSequenceClassification } = (await import(
  '../../dist/engine.js' as string
)) as typeof Package;
const root = fileURLToPath(new URL('../..', import.meta.url));
const shipped = join(root, 'models/sentiment-en');
const servers = await startHub();
const folder = mkdtempSync(join(tmpdir(), 'squeezebert-quantize-'));
afterAll(() => {
  servers.close();
  rmSync(folder, { recursive: true, force: true });
});

// not spawnSync: the server is in this process
function run(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(root, 'dist/quantize.js'), ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, stdout, stderr })));
}

it.each(['q8', 'q4', 'fp32'] as const)(
  '%s: a folder that loads and answers as the model itself in that type',
  async (dtype) => {
    const to = join(folder, dtype);
    const { status, stdout, stderr } = await run('quantize', shipped, to, '--dtype', dtype);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain(`weights as ${dtype}`);
    expect(readdirSync(to).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer_config.json', 'vocab.txt']);
    const answers: unknown[] = [];
    for (const [source, options] of [
      [shipped, { dtype }],
      [to, {}],
    ] as const) {
      const classify = await pipeline('sentiment-analysis', source, options);
      expect(classify.info.dtype).toBe(dtype);
      answers.push(await classify(['I love it', 'A rather mixed film'], { top_k: null }));
      await classify.dispose();
    }
    expect(answers[1]).toEqual(answers[0]);
  },
);

it('--embeddings q4: the words in half a byte a weight, all else as q8', async () => {
  const to = join(folder, 'mixed');
  const { status, stdout } = await run('quantize', join(folder, 'fp32'), to, '--dtype', 'q8', '--embeddings', 'q4');
  expect(status).toBe(0);
  expect(stdout).toContain('weights as q8, word embeddings as q4');
  const header = (name: string) => {
    const file = readFileSync(join(folder, name, 'model.safetensors'));
    return JSON.parse(file.toString('utf8', 8, 8 + Number(file.readBigUInt64LE(0))));
  };
  const word = (name: string) => name.includes('word_embeddings.weight');
  const [mixed, q8, q4] = ['mixed', 'q8', 'q4'].map(header);
  const kinds = (tensors: Record<string, { dtype: string }>, names: (name: string) => boolean) =>
    Object.entries(tensors)
      .filter(([name]) => name !== '__metadata__' && names(name))
      .map(([name, { dtype }]) => `${name} ${dtype}`)
      .sort();
  expect(kinds(mixed, word)).toEqual(kinds(q4, word));
  expect(kinds(mixed, (name) => !word(name))).toEqual(kinds(q8, (name) => !word(name)));
  const classify = await pipeline('sentiment-analysis', to);
  expect(classify.info.dtype).toBe('q8');
  const whole = await pipeline('sentiment-analysis', join(folder, 'q8'));
  for (const text of ['I love it', 'What a boring film', 'The worst meal we ever had']) {
    const [[ours], [theirs]] = [await classify(text), await whole(text)];
    expect(ours?.label).toBe(theirs?.label);
    expect(Math.abs((ours?.score ?? 0) - (theirs?.score ?? 0))).toBeLessThan(0.05);
  }
  await classify.dispose();
  await whole.dispose();
});

it('q8 is about a quarter of the floats', () => {
  const size = (dtype: string) => statSync(join(folder, dtype, 'model.safetensors')).size;
  expect(size('q8') / size('fp32')).toBeLessThan(0.3);
  expect(size('q4') / size('fp32')).toBeLessThan(0.18);
});

const golden = join(root, '../shared/golden');
const noGolden = existsSync(golden) ? '' : ': skipped, ../shared/golden is not there';
it.skipIf(noGolden).each(['squeezebert-g1-gelu-cls3-bin-zip', 'squeezebert-g1-gelu-cls3-bin-legacy'])(
  `from pytorch_model.bin (%s): safetensors that give the same numbers, as the native command writes them${noGolden}`,
  async (name) => {
    const to = join(folder, name);
    const { status, stderr } = await run('quantize', join(golden, name), to, '--dtype', 'q8');
    expect(stderr).toContain('No tokenizer there');
    expect(status).toBe(0);
    expect(readdirSync(to).sort()).toEqual(['config.json', 'model.safetensors']);
    const logits: unknown[] = [];
    for (const [source, dtype] of [
      [join(golden, name), 'q8'],
      [to, undefined],
    ] as const) {
      const model = await AutoModelForSequenceClassification.from_pretrained(source, { dtype });
      expect(model.config.dtype).toBe('q8');
      logits.push((await model({ input_ids: [[2, 5, 7, 11, 3]] })).logits?.tolist());
      await model.dispose();
    }
    expect(logits[1]).toEqual(logits[0]);
    const native = join(folder, `${name}-native`);
    const command = spawnSync(join(root, 'build/release/squeezebert'), ['quantize', join(golden, name), native]);
    expect(command.status).toBe(0);
    const bytes = (where: string) => readFileSync(join(where, 'model.safetensors'));
    expect(bytes(native).equals(bytes(to))).toBe(true);
  },
);

it('a folder of sentence-transformers keeps its settings', async () => {
  const from = join(folder, 'sentence');
  cpSync(shipped, from, { recursive: true });
  mkdirSync(join(from, '1_Pooling'));
  const kinds = ['Transformer', 'Pooling', 'Normalize'];
  writeFileSync(
    join(from, 'modules.json'),
    JSON.stringify(kinds.map((kind, idx) => ({ idx, type: `models.${kind}` }))),
  );
  writeFileSync(join(from, '1_Pooling/config.json'), JSON.stringify({ pooling_mode_mean_tokens: true }));
  const to = join(folder, 'sentence-q8');
  const { status, stderr } = await run('quantize', from, to);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const extract = await pipeline('feature-extraction', to);
  const vector = await extract('I love it');
  await extract.dispose();
  expect(vector.dims).toEqual([1, 256]);
  expect(Math.hypot(...vector.data)).toBeCloseTo(1, 5);
});

it('from the hub, with a token and a revision', async () => {
  const to = join(folder, 'hub');
  const hub = `${servers.hub}/private`;
  const { status, stderr } = await run(
    'quantize',
    'owner/name',
    to,
    '--hub',
    hub,
    '--token',
    'secret',
    '--revision',
    'v1',
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const paths: string[] = servers.log().map(({ path }: { path: string }) => path);
  expect(paths.every((path) => path.startsWith('/private/owner/name/resolve/v1/'))).toBe(true);
  const model = await AutoModelForSequenceClassification.from_pretrained(to);
  expect(model.config.dtype).toBe('q8');
  await model.dispose();
});

it.each([
  ['a source that is not there', ['quantize', './no/such/folder', 'TO'], 1, 'FILE_NOT_FOUND'],
  ['a type that is none', ['quantize', shipped, 'TO', '--dtype', 'q3'], 2, 'usage'],
  ['no folder', ['quantize', shipped], 2, 'usage'],
  ['another command', ['squash', shipped, 'TO'], 2, 'usage'],
  ['an unknown option', ['quantize', shipped, 'TO', '--fast'], 2, 'usage'],
])('%s: says so, and writes nothing', async (_, args, expected, text) => {
  const to = join(folder, 'nothing');
  const { status, stdout, stderr } = await run(...args.map((arg) => (arg === 'TO' ? to : arg)));
  expect(status).toBe(expected);
  expect(stdout).toBe('');
  expect(stderr).toContain(text === 'FILE_NOT_FOUND' ? 'no/such/folder/config.json' : text);
  expect(existsSync(to)).toBe(false);
});

it('the model itself is not overwritten', async () => {
  const before = statSync(join(shipped, 'model.safetensors')).mtimeMs;
  const { status, stderr } = await run('quantize', shipped, `${shipped}/../sentiment-en`);
  expect(status).toBe(1);
  expect(stderr).toContain('the new folder is the old one');
  expect(statSync(join(shipped, 'model.safetensors')).mtimeMs).toBe(before);
});
