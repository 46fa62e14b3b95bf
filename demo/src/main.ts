import {
  newestWins,
  type Progress,
  pipeline,
  SqueezeBertError,
  SupersededError,
  type TextClassificationPipeline,
} from 'squeezebert-wasm';
import { examples } from './examples.ts';
import { type Label, labels, type Mood, mood, words } from './mood.ts';
import { showSentences } from './reading.ts';
import { sentences } from './sentences.ts';
import * as view from './view.ts';

let classify: TextClassificationPipeline | undefined;

/** Some forty pages: what comes after is not read, so that a pasted library does not keep the page busy for minutes. */
const mostCharacters = 100_000;
/** Sentences that go to the model in one call; between calls a newer text gets its turn. */
const batch = 16;

/** Sentences come back with every keystroke: what has been read once is known. */
const known = new Map<string, Mood>();
const mostKnown = 20_000;
const moodOf = (sentence: string) => known.get(sentence);

function remember(sentence: string, found: Mood): void {
  if (known.size >= mostKnown) known.delete(known.keys().next().value as string);
  known.set(sentence, found);
}

function summary(whole: Mood, moods: readonly (Mood | undefined)[]): string {
  const list = labels.map(
    (label: Label) => `${moods.filter((found) => found?.label === label).length} ${words[label].toLowerCase()}`,
  );
  return `${words[whole.label]}. ${moods.length} ${moods.length === 1 ? 'sentence' : 'sentences'}: ${list.join(', ')}.`;
}

function status(milliseconds: number, fresh: number, whole: Mood, build: string, cut: boolean): string {
  const took = milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds);
  const about = fresh === 0 ? 'the text' : `the text and ${fresh} new ${fresh === 1 ? 'sentence' : 'sentences'}`;
  return (
    `${took} ms for ${about}, build ${build}.` +
    (whole.truncated ? ' Only the beginning was read for the mood of the whole.' : '') +
    (cut ? ` The sentences are those of the first ${mostCharacters.toLocaleString('en')} characters.` : '')
  );
}

/** The whole text first, then the sentences that are new, some at a time; given up when the text has changed meanwhile. */
const read = newestWins(async (full: string): Promise<void> => {
  // kept: another try replaces the one outside
  const engine = classify;
  if (!engine) return;
  const current = () => view.text.value === full;
  const text = full.slice(0, mostCharacters);
  const blocks = await sentences(text);
  const all = blocks.flat();
  if (all.length === 0) {
    view.showMood(null);
    view.showStatus('');
    view.announce('');
    await showSentences([], moodOf, current);
    return;
  }
  const fresh = [...new Set(all)].filter((sentence) => !known.has(sentence));
  const first = fresh.splice(0, batch);
  const started = performance.now();
  const [whole, ...found] = (await engine([text, ...first], { top_k: null })).map(mood) as [Mood, ...Mood[]];
  const took = performance.now() - started;
  for (const [index, sentence] of first.entries()) remember(sentence, found[index] as Mood);

  view.showReady();
  view.showMood(whole);
  view.showStatus(status(took, first.length, whole, engine.info.build, text !== full));
  await showSentences(blocks, moodOf, current);
  while (fresh.length > 0 && current()) {
    const next = fresh.splice(0, batch);
    const results = await engine(next, { top_k: null });
    for (const [index, result] of results.entries()) remember(next[index] as string, mood(result));
    await showSentences(blocks, moodOf, current);
  }
  if (current()) view.announce(summary(whole, all.map(moodOf)));
});

/** What `read` was last asked for: some ways to change the box report the same text several times. */
let asked: string | undefined;

async function update(): Promise<void> {
  const text = view.text.value;
  if (text === asked) return;
  asked = text;
  view.showCount(text.slice(0, mostCharacters).match(/\S+/g)?.length ?? 0);
  try {
    await read(text);
  } catch (error) {
    if (error instanceof SupersededError) return;
    asked = undefined;
    fail(error);
  }
}

function fail(error: unknown): void {
  const { code, message } = error instanceof SqueezeBertError ? error : { code: 'INTERNAL', message: String(error) };
  view.showError(code, message);
}

function onProgress({ status, file, loaded, total }: Progress): void {
  if (status !== 'progress' || file !== 'model.safetensors' || !loaded) return;
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  view.showLoading(
    total ? (100 * loaded) / total : null,
    `Loading the model, ${megabytes(loaded)}${total ? ` of ${megabytes(total)}` : ''} MB`,
  );
}

async function start(): Promise<void> {
  view.showLoading(null, 'Loading the model');
  try {
    const former = classify;
    classify = undefined;
    await former?.dispose();
    classify = await pipeline('sentiment-analysis', null, { progress_callback: onProgress });
    view.showReady();
    view.showModel(classify.info.weightBytes);
    asked = undefined;
    await update();
  } catch (error) {
    fail(error);
  }
}

view.offerExamples(examples, (text) => {
  view.text.value = text;
  void update();
});
view.text.addEventListener('input', () => void update());
view.retry.addEventListener('click', () => void start());
if (view.text.value === '') view.text.value = examples[0].text;
void update();
void start();
