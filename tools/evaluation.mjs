// Accuracy of a sentiment model on the labelled sets of ../shared/data/eval, computed by the package itself.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const evalFolder = fileURLToPath(new URL('../../shared/data/eval', import.meta.url));
export const evalThere = existsSync(evalFolder);

/** Rows of a .tsv.xz file as objects: the first line names the columns, nothing is quoted. */
export function rows(name) {
  const file = `${evalFolder}/${name}.tsv.xz`;
  const { status, stdout, error } = spawnSync('xz', ['-dc', file], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`xz cannot read ${file}${error ? `: ${error.message}` : ''}`);
  const [head, ...lines] = stdout.replace(/\n$/, '').split('\n');
  const names = head.split('\t');
  return lines.map((line) => Object.fromEntries(line.split('\t').map((value, index) => [names[index], value])));
}

const labels = {
  negative: 'NEGATIVE',
  neutral: 'NEUTRAL',
  positive: 'POSITIVE',
  1: 'NEGATIVE',
  2: 'NEGATIVE',
  3: 'NEUTRAL',
  4: 'POSITIVE',
  5: 'POSITIVE',
};

/** The scores of one text by label. */
const byLabel = (list) => Object.fromEntries(list.map(({ label, score }) => [label, score]));

/** For sets without neutral texts: the larger of the other two scores. */
export const twoClassDecision = (scores) => (scores.POSITIVE > scores.NEGATIVE ? 'POSITIVE' : 'NEGATIVE');

/** Scores by label of every row. */
export async function scoresOf(classify, texts) {
  const scores = [];
  for (let start = 0; start < texts.length; start += 50)
    for (const list of await classify(texts.slice(start, start + 50), { top_k: null })) scores.push(byLabel(list));
  return scores;
}

/**
 * Share of right decisions. `classes` 2: rows labelled neutral are left out and the larger of the two other scores decides;
 * 3: the largest score decides.
 */
export async function accuracy(classify, name, { classes = 2, column = 'text' } = {}) {
  const known = rows(name).filter(({ label }) => labels[label] && (classes === 3 || labels[label] !== 'NEUTRAL'));
  const scores = await scoresOf(
    classify,
    known.map((row) => row[column]),
  );
  const right = known.filter(({ label }, index) => {
    const score = scores[index];
    const decided =
      classes === 2 ? twoClassDecision(score) : Object.keys(score).reduce((a, b) => (score[b] > score[a] ? b : a));
    return decided === labels[label];
  });
  return { rows: known.length, right: right.length, percent: (100 * right.length) / known.length };
}
