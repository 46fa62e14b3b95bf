// What else a user could take: naive Bayes on words and word pairs, and VADER's lexicon. Both as objects with
// scores(text) -> { NEGATIVE, NEUTRAL, POSITIVE }.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { evalFolder, labels, rows } from './evaluation.mjs';

const wordsOf = (text) => text.toLowerCase().match(/[\p{L}\p{N}_']+|[^\s\p{L}\p{N}]/gu) ?? [];

/** Words and neighbouring pairs, each once. */
function features(text) {
  const words = wordsOf(text);
  const found = new Set(words);
  for (let i = 1; i < words.length; i++) found.add(`${words[i - 1]} ${words[i]}`);
  return found;
}

/** Trained on every labelled text of ../shared/data/train: half a minute. */
export function naiveBayes() {
  const folder = join(evalFolder, '../train');
  const classes = { NEGATIVE: 0, NEUTRAL: 1, POSITIVE: 2 };
  const counts = new Map();
  const texts = [0, 0, 0];
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.tsv.xz') || file.startsWith('neutral_weak')) continue;
    for (const { text, label } of rows(join(folder, file))) {
      const number = classes[labels[label]];
      if (number === undefined) continue;
      texts[number] += 1;
      for (const feature of features(text)) {
        let count = counts.get(feature);
        if (count === undefined) {
          count = new Float32Array(3);
          counts.set(feature, count);
        }
        count[number] += 1;
      }
    }
  }
  const totals = [0, 0, 0];
  for (const count of counts.values()) for (let c = 0; c < 3; c++) totals[c] += count[c] + 1;
  return {
    scores(text) {
      const sums = texts.map((count) => Math.log(count));
      for (const feature of features(text)) {
        const count = counts.get(feature);
        if (count) for (let c = 0; c < 3; c++) sums[c] += Math.log((count[c] + 1) / totals[c]);
      }
      const top = Math.max(...sums);
      const powers = sums.map((sum) => Math.exp(sum - top));
      const total = powers.reduce((a, b) => a + b, 0);
      return { NEGATIVE: powers[0] / total, NEUTRAL: powers[1] / total, POSITIVE: powers[2] / total };
    },
  };
}

const negations = new Set('not no never nothing nobody none neither nor without hardly cannot'.split(' '));
const intensifiers = new Set('very really so extremely absolutely totally incredibly completely'.split(' '));

/** The valences of VADER's lexicon, turned round by a negation in the three words before, raised by an intensifier. */
export function lexicon() {
  const valence = new Map(
    rows(join(evalFolder, '../lexicon/vader_lexicon.tsv.xz')).map((row) => {
      const [token, mean] = Object.values(row);
      return [token, Number(mean)];
    }),
  );
  return {
    scores(text) {
      const words = text.toLowerCase().split(/\s+/);
      const bare = words.map((word) =>
        valence.has(word) ? word : word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, ''),
      );
      let sum = 0;
      for (const [i, word] of bare.entries()) {
        let value = valence.get(word) ?? 0;
        const before = bare.slice(Math.max(0, i - 3), i);
        if (intensifiers.has(before.at(-1))) value *= 1.3;
        if (before.some((other) => negations.has(other) || other.endsWith("n't"))) value *= -0.74;
        sum += value;
      }
      const compound = sum / Math.sqrt(sum * sum + 15);
      // VADER's own thresholds: neutral between -0.05 and 0.05.
      return {
        NEGATIVE: Math.max(0, -compound),
        NEUTRAL: Math.abs(compound) < 0.05 ? 1 : 0,
        POSITIVE: Math.max(0, compound),
      };
    },
  };
}
