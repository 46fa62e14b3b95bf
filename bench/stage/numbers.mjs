// Numbers and tables, for pages and for Node.

export const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

/** Seeded whole numbers in [0, limit). */
export function numbers(seed) {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Token ids of a text of `length` tokens, seeded by `random` (of numbers()). */
export const tokenIds = (random, length) =>
  Array.from({ length }, (_, i) => (i === 0 ? 101 : i + 1 === length ? 102 : 1000 + random(28000)));

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Calls every side ({ name: async (round) => ... }) once a round, each first in its turn, until `seconds` have passed and
 * `least` rounds are done; the first `warmUp` rounds are not counted. { name: [ms] }. `check(outputs)` sees each round.
 * `pause`: ms between calls, for sides whose threads go on looking for work when theirs is done.
 */
export async function byTurns(sides, { seconds, least = 5, warmUp = 5, pause = 0, check = () => {} }) {
  const names = Object.keys(sides);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  let begin = performance.now();
  for (let round = -warmUp; round < least || performance.now() - begin < seconds * 1000; ++round) {
    if (round === 0) begin = performance.now();
    const outputs = {};
    for (let turn = 0; turn < names.length; ++turn) {
      const name = names[(turn + round + warmUp) % names.length];
      if (pause > 0) await sleep(pause);
      const start = performance.now();
      outputs[name] = await sides[name](round + warmUp);
      if (round >= 0) times[name].push(performance.now() - start);
    }
    check(outputs, round);
  }
  return times;
}

/** Rows of cells, the first row the headings; numbers to three digits or as they are, columns padded to the widest. */
export function table(rows) {
  const text = rows.map((row) => row.map(cell));
  const widths = text[0].map((_, column) => Math.max(...text.map((row) => row[column].length)));
  return text.map((row) => row.map((word, column) => word.padStart(widths[column])).join('   ')).join('\n');
}

function cell(value) {
  if (value === undefined || value === null) return '-';
  if (typeof value !== 'number') return String(value);
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
