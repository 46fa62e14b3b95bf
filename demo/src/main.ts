import {
  newestWins,
  pipeline,
  type Progress,
  SqueezeBertError,
  SupersededError,
  type TextClassificationPipeline,
} from 'squeezebert-wasm';
import { examples } from './examples.ts';
import { type Label, labels, type Mood, mood, words } from './mood.ts';
import { sentences } from './sentences.ts';
import * as view from './view.ts';

let classify: TextClassificationPipeline | undefined;
/** Sentences come back with every keystroke: what has been read once is known. */
const known = new Map<string, Mood>();
const mostKnown = 2000;

function remember(text: string, found: Mood): void {
  if (known.size >= mostKnown) known.delete(known.keys().next().value as string);
  known.set(text, found);
}

function summary(whole: Mood, parts: readonly (Mood | undefined)[]): string {
  const count = (label: Label) => parts.filter((part) => part?.label === label).length;
  const list = labels
    .toReversed()
    .map((label) => `${count(label)} ${words[label].toLowerCase()}`)
    .join(', ');
  return `${words[whole.label]}. ${parts.length} ${parts.length === 1 ? 'sentence' : 'sentences'}: ${list}.`;
}

/** The whole text first, then the sentences that are new, some at a time; given up when the text has changed meanwhile. */
const read = newestWins(async (text: string): Promise<void> => {
  if (!classify) return;
  const parts = sentences(text).map((sentence) => sentence.text);
  if (parts.length === 0) {
    view.showMood(null);
    view.showSentences([], []);
    view.showStatus('');
    view.announce('');
    return;
  }
  const started = performance.now();
  const fresh = [...new Set(parts)].filter((part) => !known.has(part));
  const first = fresh.splice(0, 16);
  const [whole, ...found] = (await classify([text, ...first], { top_k: null })).map(mood);
  for (const [index, part] of first.entries()) remember(part, found[index] as Mood);
  const took = performance.now() - started;

  const show = () => view.showSentences(parts, parts.map((part) => known.get(part)));
  view.showMood(whole as Mood);
  view.showStatus(
    `${took < 10 ? took.toFixed(1) : Math.round(took)} ms for the text and ${first.length} new ${first.length === 1 ? 'sentence' : 'sentences'}, ` +
      `build ${classify.info.build}.${whole?.truncated ? ' Only the beginning was read for the mood of the whole.' : ''}`,
  );
  show();
  while (fresh.length > 0 && view.text.value === text) {
    const next = fresh.splice(0, 16);
    for (const [index, result] of (await classify(next, { top_k: null })).entries())
      remember(next[index] as string, mood(result));
    show();
  }
  view.announce(summary(whole as Mood, parts.map((part) => known.get(part))));
});

async function update(): Promise<void> {
  view.showCount(view.text.value);
  try {
    await read(view.text.value);
  } catch (error) {
    if (!(error instanceof SupersededError)) fail(error);
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
    await classify?.dispose();
    classify = undefined;
    classify = await pipeline('sentiment-analysis', null, { progress_callback: onProgress });
    view.showReady();
    await update();
  } catch (error) {
    fail(error);
  }
}

view.offerExamples(examples, (text) => {
  view.text.value = text;
  view.text.focus();
  void update();
});
view.text.addEventListener('input', () => void update());
view.retry.addEventListener('click', () => void start());
if (view.text.value === '') view.text.value = examples[0].text;
view.showCount(view.text.value);
void start();
