// Accuracy of a sentiment model on the labelled sets of ../shared/data/eval, computed by the package itself.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const evalFolder = fileURLToPath(new URL('../../shared/data/eval', import.meta.url));
export const evalThere = existsSync(evalFolder);

/** Names of all sets. */
export const setNames = () =>
  readdirSync(evalFolder)
    .filter((file) => file.endsWith('.tsv.xz'))
    .map((file) => file.slice(0, -'.tsv.xz'.length))
    .sort();

/** Rows of a .tsv.xz file as objects: the first line names the columns, nothing is quoted. `name` is a set, or a path. */
export function rows(name) {
  const file = name.endsWith('.tsv.xz') ? name : `${evalFolder}/${name}.tsv.xz`;
  const { status, stdout, error } = spawnSync('xz', ['-dc', file], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`xz cannot read ${file}${error ? `: ${error.message}` : ''}`);
  const [head, ...lines] = stdout.replace(/\n$/, '').split('\n');
  const names = head.split('\t');
  return lines.map((line) => Object.fromEntries(line.split('\t').map((value, index) => [names[index], value])));
}

export const labels = {
  negative: 'NEGATIVE',
  neutral: 'NEUTRAL',
  positive: 'POSITIVE',
  1: 'NEGATIVE',
  2: 'NEGATIVE',
  3: 'NEUTRAL',
  4: 'POSITIVE',
  5: 'POSITIVE',
};
const three = ['NEGATIVE', 'NEUTRAL', 'POSITIVE'];

/** For sets without neutral texts: the larger of the other two scores. */
export const twoClassDecision = (scores) => (scores.POSITIVE > scores.NEGATIVE ? 'POSITIVE' : 'NEGATIVE');
const largest = (scores) => three.reduce((a, b) => (scores[b] > scores[a] ? b : a));

const byLabel = (list) => Object.fromEntries(list.map(({ label, score }) => [label, score]));
const mean = (list) => Object.fromEntries(three.map((l) => [l, list.reduce((sum, s) => sum + s[l], 0) / list.length]));

/** Halves that overlap by a third, until the model reads each piece whole. */
function pieces(text) {
  const words = text.split(' ');
  if (words.length < 2) return [text.slice(0, text.length >> 1), text.slice(text.length >> 1)];
  return [words.slice(0, Math.ceil(words.length * 0.6)), words.slice(Math.floor(words.length * 0.4))].map((part) =>
    part.join(' '),
  );
}

/** Scores by label of every text. A text longer than the model reads is read in overlapping pieces, of which the mean counts. */
export async function scoresOf(classify, texts) {
  const scores = [];
  for (let start = 0; start < texts.length; start += 50) {
    const part = texts.slice(start, start + 50);
    for (const [index, list] of (await classify(part, { top_k: null })).entries())
      scores.push(list[0].truncated ? mean(await scoresOf(classify, pieces(part[index]))) : byLabel(list));
  }
  return scores;
}

/** Right decisions on a set; see `measures`. `classes` as there. */
export async function accuracy(classify, name, { classes = 2, column = 'text' } = {}) {
  const known = knownRows(name, classes);
  const scores = await scoresOf(
    classify,
    known.map((row) => row[column]),
  );
  return measures(known, scores, classes);
}

/**
 * The rows of a set that count: with 2 classes those that are not neutral; with 3 all whose label is one of the three (or
 * `not_negative`, which checklist_mft knows).
 */
export function knownRows(name, classes) {
  return rows(name).filter(({ label }) =>
    classes === 3 ? labels[label] || label === 'not_negative' : labels[label] && labels[label] !== 'NEUTRAL',
  );
}

/**
 * What the scores are worth. `classes` 2: the larger of NEGATIVE and POSITIVE decides; 3: the largest score. `macroF1` is the
 * mean over the classes, `pairs` the share of pairs with both right (rows with pair_id), `calibration` the expected
 * calibration error of the deciding score in 15 bins; all in percent. `tests`: rates by the column `test`.
 */
export function measures(known, scores, classes) {
  const decided = scores.map(classes === 2 ? twoClassDecision : largest);
  const good = known.map(({ label }, i) =>
    label === 'not_negative' ? decided[i] !== 'NEGATIVE' : decided[i] === labels[label],
  );
  const share = (list) => (100 * list.filter(Boolean).length) / list.length;
  const grouped = (column) => {
    const groups = new Map();
    for (const [i, row] of known.entries())
      if (row[column] !== undefined) groups.set(row[column], [...(groups.get(row[column]) ?? []), good[i]]);
    return groups;
  };
  const f1 = three
    .filter((l) => known.some(({ label }) => labels[label] === l))
    .map((l) => {
      const hit = known.filter(({ label }, i) => labels[label] === l && decided[i] === l).length;
      const claimed = decided.filter((d, i) => d === l && labels[known[i].label]).length;
      const there = known.filter(({ label }) => labels[label] === l).length;
      return hit === 0 ? 0 : (2 * hit) / (claimed + there);
    });
  const bins = Array.from({ length: 15 }, () => ({ count: 0, right: 0, sure: 0 }));
  for (const [i, s] of scores.entries()) {
    const sure = classes === 2 ? s[decided[i]] / (s.NEGATIVE + s.POSITIVE || 1) : s[decided[i]];
    const bin = bins[Math.min(14, Math.floor(sure * 15))];
    bin.count += 1;
    bin.right += good[i] ? 1 : 0;
    bin.sure += sure;
  }
  const pairs = [...grouped('pair_id').values()].map((list) => list.every(Boolean));
  return {
    rows: known.length,
    right: good.filter(Boolean).length,
    percent: share(good),
    macroF1: (100 * f1.reduce((a, b) => a + b, 0)) / f1.length,
    calibration: (100 * bins.reduce((sum, b) => sum + Math.abs(b.right - b.sure), 0)) / known.length,
    pairs: pairs.length > 0 ? share(pairs) : undefined,
    tests: new Map([...grouped('test')].map(([test, list]) => [test, share(list)])),
  };
}
