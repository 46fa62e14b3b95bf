// The development sets of GLUE, with each task's own metrics, for any sequence classification checkpoint.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const share = (list) => (100 * list.filter(Boolean).length) / list.length;
const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;

/** Correlation of two lists of numbers; 0 where one of them is constant. */
export function pearson(a, b) {
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  }
  return aa * bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}

/** Ranks from 1; equal values share the mean of theirs. */
function ranks(list) {
  const order = list.map((_, i) => i).sort((i, j) => list[i] - list[j]);
  const out = new Array(list.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && list[order[end]] === list[order[start]]) end++;
    for (let i = start; i < end; i++) out[order[i]] = (start + end + 1) / 2;
    start = end;
  }
  return out;
}
export const spearman = (a, b) => pearson(ranks(a), ranks(b));

/** Of two lists of 0 and 1: F1 of 1, and Matthews' correlation, which is Pearson's there. */
export function f1(decided, labels) {
  const hit = decided.filter((d, i) => d === 1 && labels[i] === 1).length;
  const claimed = decided.filter((d) => d === 1).length;
  const there = labels.filter((l) => l === 1).length;
  return hit === 0 ? 0 : (2 * hit) / (claimed + there);
}

const metrics = {
  accuracy: (decided, labels) => share(decided.map((d, i) => d === labels[i])),
  f1: (decided, labels) => 100 * f1(decided, labels),
  matthews: (decided, labels) => 100 * pearson(decided, labels),
  pearson: (decided, labels) => 100 * pearson(decided, labels),
  spearman: (decided, labels) => 100 * spearman(decided, labels),
};

// Columns by name, or by number where a file has no header. `classes` in the order that Hugging Face's checkpoints use.
export const tasks = {
  sst2: { folder: 'SST-2', first: 'sentence', label: 'label', classes: ['0', '1'], metrics: ['accuracy'] },
  cola: { folder: 'CoLA', header: false, first: 3, label: 1, classes: ['0', '1'], metrics: ['matthews'] },
  mrpc: {
    folder: 'MRPC',
    first: '#1 String',
    second: '#2 String',
    label: 'Quality',
    classes: ['0', '1'],
    metrics: ['accuracy', 'f1'],
  },
  stsb: { folder: 'STS-B', first: 'sentence1', second: 'sentence2', label: 'score', metrics: ['pearson', 'spearman'] },
  qqp: {
    folder: 'QQP',
    first: 'question1',
    second: 'question2',
    label: 'is_duplicate',
    classes: ['0', '1'],
    metrics: ['accuracy', 'f1'],
  },
  mnli: {
    folder: 'MNLI',
    files: ['dev_matched.tsv', 'dev_mismatched.tsv'],
    first: 'sentence1',
    second: 'sentence2',
    label: 'gold_label',
    classes: ['entailment', 'neutral', 'contradiction'],
    metrics: ['accuracy'],
  },
  qnli: {
    folder: 'QNLI',
    first: 'question',
    second: 'sentence',
    label: 'label',
    classes: ['entailment', 'not_entailment'],
    metrics: ['accuracy'],
  },
  rte: {
    folder: 'RTE',
    first: 'sentence1',
    second: 'sentence2',
    label: 'label',
    classes: ['entailment', 'not_entailment'],
    metrics: ['accuracy'],
  },
};

/** [{ first, second, label }] of one file in GLUE's layout: tabs, no quoting, labels as numbers. */
export function examples(task, text) {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  const names =
    task.header === false
      ? null
      : lines
          .shift()
          .replace(/^\ufeff/, '')
          .split('\t');
  const place = (column) => {
    const at = typeof column === 'number' ? column : names.indexOf(column);
    if (at < 0) throw new Error(`no column '${column}' among ${names.join(', ')}`);
    return at;
  };
  const [first, label] = [place(task.first), place(task.label)];
  const second = task.second === undefined ? -1 : place(task.second);
  return lines.flatMap((line) => {
    const fields = line.split('\t');
    const number = task.classes ? task.classes.indexOf(fields[label]) : Number.parseFloat(fields[label]);
    // (a few rows of QQP are broken, and MNLI has '-' where judges disagreed)
    if (fields.length <= Math.max(first, second, label) || number < 0 || Number.isNaN(number)) return [];
    return [{ first: fields[first], second: second < 0 ? null : fields[second], label: number }];
  });
}

/**
 * The metrics of a task by file. `logitsOf(firsts, seconds or null)` gives a list of logits per row. `order`: the task's class
 * names in the order of the checkpoint's labels, where it is not the usual one.
 */
export async function glue(name, folder, logitsOf, order = tasks[name]?.classes) {
  const task = tasks[name];
  if (!task) throw new Error(`'${name}' is not one of ${Object.keys(tasks).join(', ')}`);
  const at = [join(folder, task.folder), folder].find((path) => existsSync(join(path, (task.files ?? ['dev.tsv'])[0])));
  if (!at) throw new Error(`${folder} has no ${task.folder}/${(task.files ?? ['dev.tsv'])[0]}`);
  const results = {};
  for (const file of task.files ?? ['dev.tsv']) {
    const list = examples(task, readFileSync(join(at, file), 'utf8'));
    const decided = [];
    for (let start = 0; start < list.length; start += 32) {
      const part = list.slice(start, start + 32);
      const logits = await logitsOf(
        part.map(({ first }) => first),
        task.second === undefined ? null : part.map(({ second }) => second),
      );
      for (const row of logits)
        decided.push(task.classes ? task.classes.indexOf(order[row.indexOf(Math.max(...row))]) : row[0]);
    }
    const labels = list.map(({ label }) => label);
    results[file] = { rows: list.length };
    for (const metric of task.metrics) results[file][metric] = metrics[metric](decided, labels);
  }
  return results;
}
