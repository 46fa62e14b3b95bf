// `npm run eval`: the shipped sentiment model through the WebAssembly engine, and whether it decides as PyTorch does. More:
//   --all                 every set of ../shared/data/eval, with macro F1, pairs, calibration and the rates of checklist_mft
//   --baselines           beside naive Bayes and VADER's lexicon on the same rows (half a minute more)
//   --task TASK --model FOLDER --data GLUE-FOLDER [--order a,b,c]
//                         a task of GLUE (sst2 cola mrpc stsb qqp mnli qnli rte) with any sequence classification checkpoint;
//                         --order where its labels are not in the usual order
//   --model FOLDER        another model;  --dtype q8|q4|fp16|fp32  its weights in memory
import { readFileSync } from 'node:fs';
import { lexicon, naiveBayes } from './baselines.mjs';
import { evalFolder, evalThere, knownRows, measures, rows, scoresOf } from './evaluation.mjs';
import { glue } from './glue.mjs';
import { build } from './run-build.mjs';
import { runMain, SetupError, setup } from './setup.mjs';

const twoClasses = [
  'sst2_dev',
  'uci_half_a',
  'amazon5_1000',
  'imdb_test_2000',
  'imdb_cad_test',
  'sst5_dev',
  'yelp_std_test',
];
const threeClasses = ['dynasent_r1_test', 'dynasent_r2_dev', 'sst3_dev_revalidated', 'tweeteval_val', 'checklist_mft'];

const option = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const number = (value) => (value === undefined ? '' : value.toFixed(2)).padStart(8);

/** One line of the table. */
async function line(scores, name, classes, column, others) {
  const known = knownRows(name, classes);
  const found = measures(known, await scores(known.map((row) => row[column])), classes);
  const beside = others.map(
    ({ scores: other }) =>
      measures(
        known,
        known.map((row) => other(row[column])),
        classes,
      ).percent,
  );
  const called = column === 'text' ? name : `${name}, natural`;
  console.log(
    called.padEnd(22) +
      String(classes).padStart(3) +
      String(found.rows).padStart(6) +
      [found.percent, found.macroF1, found.calibration, found.pairs, ...beside].map(number).join(''),
  );
  return found;
}

/** Whether the shipped model, computed with floats, has PyTorch's largest score on every row of the sets. */
async function decidesAsPyTorch(classify) {
  const fixture = new URL('../tests/fixtures/sentiment-en-decisions.json', import.meta.url);
  const { decisions } = JSON.parse(readFileSync(fixture, 'utf8'));
  const names = process.argv.includes('--all') ? Object.keys(decisions) : ['sst2_dev'];
  let equal = 0;
  let all = 0;
  for (const name of names) {
    const texts = rows(name).map(({ text }) => text);
    for (let start = 0; start < texts.length; start += 50)
      for (const [index, { label }] of (await classify(texts.slice(start, start + 50))).entries())
        equal += classify.info.labels[decisions[name][start + index]] === label ? 1 : 0;
    all += decisions[name].length;
  }
  console.log(`decisions of ${names.length} sets equal to PyTorch's, computed with floats: ${equal} of ${all}`);
  return equal === all;
}

async function runGlue(engine, task) {
  const [folder, data, dtype] = ['--model', '--data', '--dtype'].map(option);
  if (!folder || !data) throw new SetupError('--task needs --model FOLDER and --data FOLDER.');
  const tokenizer = await engine.AutoTokenizer.from_pretrained(folder);
  const model = await engine.AutoModelForSequenceClassification.from_pretrained(folder, dtype ? { dtype } : {});
  const logitsOf = async (first, second) => {
    const inputs = await tokenizer(first, {
      ...(second ? { text_pair: second } : {}),
      padding: true,
      truncation: true,
    });
    const { logits } = await model(inputs);
    const size = logits.dims[1];
    return first.map((_, i) => Array.from(logits.data.subarray(i * size, (i + 1) * size)));
  };
  const found = await glue(task, data, logitsOf, option('--order')?.split(','));
  for (const [file, { rows: count, ...values }] of Object.entries(found))
    for (const [metric, value] of Object.entries(values))
      console.log(`${task} ${file.padEnd(20)} ${metric.padEnd(10)}${number(value)}   (${count} rows)`);
  await Promise.all([tokenizer.dispose(), model.dispose()]);
}

await runMain(async () => {
  const task = option('--task');
  if (!task && !evalThere) throw new SetupError(`There is nothing to evaluate on: ${evalFolder} is not there.`);
  await setup();
  for (const name of ['wasm', 'js'])
    if (!build(name)) throw new SetupError(`The build '${name}' failed; its messages are above.`);
  const engine = await import('../dist/engine.js');
  if (task) return runGlue(engine, task);
  const { pipeline } = engine;
  const model = option('--model') ?? null;
  const dtype = option('--dtype');
  const classify = await pipeline('sentiment-analysis', model, dtype ? { dtype } : {});
  const { build: used, dtype: kept, labels } = classify.info;
  console.log(`\nbuild ${used}, weights ${kept}, labels ${labels.join(', ')}`);
  const others = process.argv.includes('--baselines') ? [naiveBayes(), lexicon()] : [];
  console.log(
    `set                classes  rows   right macro F1  calib.   pairs${others.length ? '   Bayes   VADER' : ''}`,
  );
  const scores = (texts) => scoresOf(classify, texts);
  await line(scores, 'sst2_dev', 2, 'text', others);
  await line(scores, 'sst2_dev', 2, 'text_detok', others);
  if (process.argv.includes('--all')) {
    for (const name of twoClasses.slice(1)) await line(scores, name, 2, 'text', others);
    for (const name of threeClasses) {
      const { tests } = await line(scores, name, 3, 'text', others);
      for (const [test, percent] of tests) console.log(`    ${test.padEnd(76)}${number(percent)}`);
    }
  }
  if (!model) {
    const floats = await pipeline('sentiment-analysis', null, { dtype: 'fp32' });
    if (!(await decidesAsPyTorch(floats))) process.exitCode = 1;
    await floats.dispose();
  }
  await classify.dispose();
});
