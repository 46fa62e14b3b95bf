// `npm run eval`: the shipped sentiment model through the WebAssembly engine. On sst2_dev also against PyTorch's own
// answers. `npm run eval -- --all` adds the other sets; `--model FOLDER` evaluates another model.
import { readFileSync } from 'node:fs';
import { accuracy, evalFolder, evalThere, rows, scoresOf, twoClassDecision } from './evaluation.mjs';
import { build } from './run-build.mjs';
import { runMain, SetupError, setup } from './setup.mjs';

await runMain(async () => {
  if (!evalThere) throw new SetupError(`There is nothing to evaluate on: ${evalFolder} is not there.`);
  await setup();
  for (const name of ['wasm', 'js'])
    if (!build(name)) throw new SetupError(`The build '${name}' failed; its messages are above.`);
  const { pipeline } = await import('../dist/engine.js');
  const at = process.argv.indexOf('--model');
  const model = at < 0 ? null : process.argv[at + 1];
  const classify = await pipeline('sentiment-analysis', model);
  console.log(`\nbuild ${classify.info.build}, labels ${classify.info.labels.join(', ')}`);
  const show = (name, { rows: count, right, percent }) =>
    console.log(`${name.padEnd(34)} ${percent.toFixed(2).padStart(6)} %  (${right} of ${count})`);

  show('sst2_dev, as published', await accuracy(classify, 'sst2_dev'));
  show('sst2_dev, natural spelling', await accuracy(classify, 'sst2_dev', { column: 'text_detok' }));
  if (!model) {
    const fixture = new URL('../tests/fixtures/sentiment-en-sst2.json', import.meta.url);
    const { logits } = JSON.parse(readFileSync(fixture, 'utf8'));
    const scores = await scoresOf(
      classify,
      rows('sst2_dev').map(({ text }) => text),
    );
    const equal = logits.filter(
      ([negative, , positive], index) =>
        twoClassDecision(scores[index]) === (positive > negative ? 'POSITIVE' : 'NEGATIVE'),
    ).length;
    console.log(`decisions equal to PyTorch's: ${equal} of ${logits.length}`);
    if (equal !== logits.length) process.exitCode = 1;
  }
  if (process.argv.includes('--all')) {
    for (const name of ['uci_half_a', 'amazon5_1000', 'imdb_test_2000', 'imdb_cad_test', 'sst5_dev', 'yelp_std_test'])
      show(`${name}, two classes`, await accuracy(classify, name));
    for (const name of [
      'dynasent_r1_test',
      'dynasent_r2_dev',
      'sst3_dev_revalidated',
      'tweeteval_val',
      'checklist_mft',
    ])
      show(`${name}, three classes`, await accuracy(classify, name, { classes: 3 }));
  }
  await classify.dispose();
});
