// The figures that `npm run eval` prints, on rows small enough to count by hand.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript, without types
import { measures } from '../../tools/evaluation.mjs';
// @ts-expect-error plain JavaScript, without types
import { examples, f1, glue, pearson, spearman, tasks } from '../../tools/glue.mjs';

const scores = (negative: number, neutral: number, positive: number) => ({
  NEGATIVE: negative,
  NEUTRAL: neutral,
  POSITIVE: positive,
});

describe('measures', () => {
  it('two classes: the larger of the two decides, whatever neutral says', () => {
    const known = [{ label: 'negative' }, { label: 'positive' }, { label: 'positive' }, { label: '1' }];
    const found = measures(
      known,
      [scores(0.3, 0.6, 0.1), scores(0, 0.9, 0.1), scores(0.6, 0, 0.4), scores(1, 0, 0)],
      2,
    );
    expect(found).toMatchObject({ rows: 4, right: 3, percent: 75 });
    // negative: 2 right of 3 claimed and 2 there, 0.8; positive: 1 of 1 and 2, 2/3
    expect(found.macroF1).toBeCloseTo(50 * (0.8 + 2 / 3), 10);
  });

  it('three classes, not_negative, rates by test', () => {
    const known = [
      { label: 'neutral', test: 'a' },
      { label: 'not_negative', test: 'a' },
      { label: 'not_negative', test: 'b' },
    ];
    const found = measures(known, [scores(0.2, 0.5, 0.3), scores(0, 0.4, 0.6), scores(0.8, 0.1, 0.1)], 3);
    expect(found.percent).toBeCloseTo(200 / 3, 10);
    expect([...found.tests]).toEqual([
      ['a', 100],
      ['b', 0],
    ]);
  });

  it('a pair counts when both are right; calibration is the gap between sure and right', () => {
    const known = [
      { label: 'positive', pair_id: '1' },
      { label: 'negative', pair_id: '1' },
      { label: 'positive', pair_id: '2' },
      { label: 'negative', pair_id: '2' },
    ];
    const sure = (positive: number) => scores(1 - positive, 0, positive);
    const found = measures(known, [sure(0.9), sure(0.1), sure(0.9), sure(0.9)], 2);
    expect(found.pairs).toBe(50);
    expect(found.calibration).toBeCloseTo(15, 5); // 0.9 sure, 3 of 4 right
  });
});

describe('GLUE', () => {
  const folder = mkdtempSync(join(tmpdir(), 'glue-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (name: string, file: string, lines: string[]) => {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, file), `${lines.join('\n')}\n`);
  };

  it('correlations and F1', () => {
    expect(pearson([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 10);
    expect(pearson([1, 2, 3, 4], [1, 3, 2, 4])).toBeCloseTo(0.8, 10);
    expect(pearson([1, 1], [1, 2])).toBe(0);
    expect(spearman([1, 10, 100, 1000], [1, 2, 3, 4])).toBeCloseTo(1, 10);
    expect(spearman([1, 1, 2], [1, 2, 3])).toBeCloseTo(Math.sqrt(3) / 2, 10);
    expect(f1([1, 1, 0, 0], [1, 0, 1, 0])).toBe(0.5);
    // Matthews: (TP TN - FP FN) / sqrt(...) = (2*1 - 1*0) / sqrt(3*2*2*1)
    expect(pearson([1, 1, 1, 0], [1, 1, 0, 0])).toBeCloseTo(2 / Math.sqrt(12), 10);
  });

  it('reads rows without quoting, and leaves broken ones out', () => {
    const text = 'id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t2\t3\t"Who\tWhat?\t1\n4\t5\n';
    expect(examples(tasks.qqp, text)).toEqual([{ first: '"Who', second: 'What?', label: 1 }]);
    expect(
      examples(tasks.cola, 'x\t0\t*\tHim saw.\nx\t1\t\tHe saw.\n').map(({ label }: { label: number }) => label),
    ).toEqual([0, 1]);
  });

  it('the largest logit decides, in the order of the checkpoint', async () => {
    const head = ['index', ...Array.from({ length: 7 }, (_, i) => `x${i}`), 'sentence1', 'sentence2', 'gold_label'];
    const row = (label: string) => `1${'\tx'.repeat(7)}\ta\tb\t${label}`;
    const rows = [head.join('\t'), row('entailment'), row('neutral'), row('-')];
    write('MNLI', 'dev_matched.tsv', rows);
    write('MNLI', 'dev_mismatched.tsv', rows);
    const logits = async (firsts: string[], seconds: string[]) => {
      expect([firsts, seconds]).toEqual([
        ['a', 'a'],
        ['b', 'b'],
      ]);
      return [
        [0, 1, 5],
        [9, 1, 0],
      ];
    };
    const found = await glue('mnli', folder, logits, ['contradiction', 'neutral', 'entailment']);
    expect(found['dev_matched.tsv']).toEqual({ rows: 2, accuracy: 50 });
    expect(await glue('mnli', folder, logits)).toMatchObject({ 'dev_mismatched.tsv': { accuracy: 0 } });
  });

  it('scores of similarity are compared as they are', async () => {
    write('STS-B', 'dev.tsv', ['index\tsentence1\tsentence2\tscore', '0\ta\tb\t1.0', '1\ta\tb\t2.5', '2\ta\tb\t4.0']);
    const found = await glue('stsb', folder, async () => [[0.1], [0.2], [0.9]]);
    expect(found['dev.tsv'].spearman).toBeCloseTo(100, 8);
    expect(found['dev.tsv'].pearson).toBeLessThan(100);
  });

  it('an unknown task and a missing file say so', async () => {
    await expect(glue('wnli', folder, null)).rejects.toThrow('wnli');
    await expect(glue('rte', folder, null)).rejects.toThrow('RTE/dev.tsv');
  });
});
