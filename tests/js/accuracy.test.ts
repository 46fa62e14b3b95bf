// The shipped model on all of sst2_dev: good enough, and the decisions that PyTorch makes with the same weights. Computed with
// floats they are the same; as it ships its inputs are rounded to bytes too.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type * as Package from '../../js/api.ts';
// @ts-expect-error plain JavaScript, without types
import { accuracy, evalThere, rows, scoresOf, twoClassDecision } from '../../tools/evaluation.mjs';

const engine = (await import('../../dist/engine.js' as string)) as typeof Package;
const fixture = new URL('../fixtures/sentiment-en-sst2.json', import.meta.url);
const { logits } = JSON.parse(readFileSync(fixture, 'utf8')) as { logits: [number, number, number][] };

it.skipIf(evalThere)('sst2_dev: skipped, ../shared/data/eval is not there', () => {});

const texts = () => (rows('sst2_dev') as { text: string }[]).map(({ text }) => text);
const decisions = logits.map(([negative, , positive]) => (positive > negative ? 'POSITIVE' : 'NEGATIVE'));

describe.skipIf(!evalThere).each(['simd', 'simd-relaxed'] as const)('sst2_dev, build %s', (build) => {
  it('computed with floats: as PyTorch decides on all 872, with its scores', async () => {
    engine.env.build = build;
    const classify = await engine.pipeline('sentiment-analysis', null, { dtype: 'fp32' });
    expect(logits).toHaveLength(872);
    const scores = await scoresOf(classify, texts());
    for (const [index, [negative, neutral, positive]] of logits.entries()) {
      expect(twoClassDecision(scores[index]), texts()[index]).toBe(decisions[index]);
      const sum = Math.exp(negative) + Math.exp(neutral) + Math.exp(positive);
      expect(scores[index].POSITIVE, texts()[index]).toBeCloseTo(Math.exp(positive) / sum, 4);
    }
    await classify.dispose();
  });

  it('as it ships: the same decision on at least 99.5 %, and at least 83 % right', async () => {
    engine.env.build = build;
    const classify = await engine.pipeline('sentiment-analysis');
    expect(classify.info.dtype).toBe('q8');
    const scores = await scoresOf(classify, texts());
    const same = decisions.filter((decision, index) => twoClassDecision(scores[index]) === decision).length;
    expect(same).toBeGreaterThanOrEqual(868);
    const { percent } = await accuracy(classify, 'sst2_dev');
    expect(percent).toBeGreaterThanOrEqual(83);
    await classify.dispose();
  });
});
