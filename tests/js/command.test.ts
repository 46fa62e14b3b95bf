// The native command: the same library, the same answers.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type * as Package from '../../js/api.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const model = `${root}models/sentiment-en`;
const { env, pipeline } = (await import('../../dist/engine.js' as string)) as typeof Package;

function run(args: string[], input = '') {
  const { status, stdout, stderr } = spawnSync(`${root}build/release/squeezebert`, args, { input, encoding: 'utf8' });
  return { status, lines: stdout.split('\n').filter(Boolean), stderr };
}

const texts = ['What a lovely day', 'I hate this boring film.', 'Grüße – naïve café 😀', 'x '.repeat(2000).trim()];

it('classifies its arguments as the package does', async () => {
  const { status, lines } = run(['classify', '--model', model, ...texts]);
  expect(status).toBe(0);
  expect(lines).toHaveLength(texts.length);
  env.build = 'simd'; // with the command's integer products
  const classify = await pipeline('sentiment-analysis');
  for (const [index, text] of texts.entries()) {
    const [label, score, rest] = (lines[index] as string).split('\t');
    const [expected] = await classify(text);
    expect(label).toBe(expected?.label);
    expect(Number(score)).toBeCloseTo(expected?.score as number, 3);
    expect(rest).toBe(expected?.truncated ? `(cut) ${text}` : text);
  }
  await classify.dispose();
});

it('reads a text a line from standard input', () => {
  const { status, lines } = run(['classify', '--model', model], 'I love it\r\n\nI hate it\n');
  expect(status).toBe(0);
  expect(lines.map((line) => line.split('\t')[0])).toEqual(['POSITIVE', expect.any(String), 'NEGATIVE']);
  expect(lines[0]?.endsWith('\tI love it')).toBe(true);
});

it('--all prints every label', () => {
  const { lines } = run(['classify', '--all', '--model', model, '--', '--model']);
  const fields = (lines[0] as string).split('\t');
  expect(fields).toHaveLength(7);
  expect([fields[0], fields[2], fields[4]].sort()).toEqual(['NEGATIVE', 'NEUTRAL', 'POSITIVE']);
  expect(fields[6]).toBe('--model');
});

it('says what is wrong', () => {
  expect(run(['classify', '--model', `${root}no-such-folder`, 'text'])).toMatchObject({ status: 1, lines: [] });
  expect(run(['classify', '--model', `${root}no-such-folder`, 'text']).stderr).toContain('FILE_NOT_FOUND');
  expect(run(['classify', '--model', `${root}docs`, 'text']).stderr).toContain('FILE_NOT_FOUND');
  for (const args of [[], ['classify'], ['classify', '--model'], ['classify', '--what'], ['sing']]) {
    const { status, stderr } = run(args);
    expect(status, args.join(' ')).toBe(2);
    expect(stderr).toContain('usage:');
  }
  expect(run(['--help'])).toMatchObject({ status: 0, stderr: '' });
});
