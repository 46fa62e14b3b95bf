// The shipped model on all of sst2_dev: good enough, and the decisions that PyTorch makes with the same weights.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type * as Package from '../../js/api.ts';
// @ts-expect-error plain JavaScript, without types
import { accuracy, evalThere, rows, scoresOf, twoClassDecision } from '../../tools/evaluation.mjs';

const engine = (await import('../../dist/engine.js' as string)) as typeof Package;
const fixture = new URL('../fixtures/sentiment-en-sst2.json', import.meta.url);
const { logits } = JSON.parse(readFileSync(fixture, 'utf8')) as { logits: [number, number, number][] };

it.skipIf(evalThere)('sst2_dev: skipped, ../shared/data/eval is not there', () => {});

describe.skipIf(!evalThere).each(['simd', 'simd-relaxed'] as const)('sst2_dev, build %s', (build) => {
  it('at least 83 % right, and as PyTorch decides on all 872', async () => {
    engine.env.build = build;
    const classify = await engine.pipeline('sentiment-analysis');
    const texts = (rows('sst2_dev') as { text: string }[]).map(({ text }) => text);
    expect(texts).toHaveLength(872);
    const scores = await scoresOf(classify, texts);
    for (const [index, [negative, neutral, positive]] of logits.entries()) {
      const expected = positive > negative ? 'POSITIVE' : 'NEGATIVE';
      expect(twoClassDecision(scores[index]), texts[index]).toBe(expected);
      const sum = Math.exp(negative) + Math.exp(neutral) + Math.exp(positive);
      expect(scores[index].POSITIVE, texts[index]).toBeCloseTo(Math.exp(positive) / sum, 4);
    }
    const { percent } = await accuracy(classify, 'sst2_dev');
    expect(percent).toBeGreaterThanOrEqual(83);
    await classify.dispose();
  });
});
