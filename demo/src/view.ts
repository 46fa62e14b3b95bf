// What is seen. Only what has changed is touched, so that a keystroke costs little however long the text is.
import { type Label, labels, type Mood, percent, signs, words } from './mood.ts';

const element = <Type extends HTMLElement = HTMLElement>(id: string) => document.getElementById(id) as Type;

export const text = element<HTMLTextAreaElement>('text');
export const retry = element<HTMLButtonElement>('retry');
const verdict = element('verdict');
const word = element('word');
const sign = element('sign');
const status = element('status');
const loading = element('loading');
const progress = element<HTMLProgressElement>('progress');
const loadingText = element('loading-text');
const error = element('error');
const errorCode = element('error-code');
const errorText = element('error-text');
const list = element('sentences');
const empty = element('empty');
const count = element('count');
const announcement = element('announcement');

/** Writes only what differs: layout is not touched otherwise. */
function write(target: Element, value: string): void {
  if (target.textContent !== value) target.textContent = value;
}

interface Bar {
  fill: HTMLElement;
  value: HTMLElement;
}
const bars = Object.fromEntries(
  labels.toReversed().map((label): [Label, Bar] => {
    const name = document.createElement('dt');
    name.textContent = words[label];
    const value = document.createElement('dd');
    const track = document.createElement('span');
    track.className = 'track';
    track.dataset.label = label;
    const fill = document.createElement('span');
    track.append(fill);
    const number = document.createElement('span');
    number.className = 'number';
    value.append(track, number);
    element('bars').append(name, value);
    return [label, { fill, value: number }];
  }),
) as Record<Label, Bar>;

export function showCount(value: string): void {
  const size = value.trim() === '' ? 0 : value.trim().split(/\s+/).length;
  write(count, size === 0 ? '' : `${size} ${size === 1 ? 'word' : 'words'}`);
}

export function showMood(whole: Mood | null): void {
  verdict.dataset.label = whole?.label ?? 'none';
  write(word, whole ? words[whole.label] : 'Nothing to read yet');
  write(sign, whole ? signs[whole.label] : '');
  for (const label of labels) {
    const score = whole?.scores[label] ?? 0;
    bars[label].fill.style.setProperty('--score', score.toFixed(3));
    write(bars[label].value, whole ? percent(score) : '');
  }
}

export function showStatus(value: string): void {
  write(status, value);
}

/** One row per sentence; rows are reused in order. `moods[i]` may still be missing. */
export function showSentences(sentences: readonly string[], moods: readonly (Mood | undefined)[]): void {
  empty.hidden = sentences.length > 0;
  while (list.children.length > sentences.length) list.lastElementChild?.remove();
  if (list.children.length < sentences.length) {
    const rows = document.createDocumentFragment();
    for (let index = list.children.length; index < sentences.length; ++index) {
      const row = document.createElement('li');
      const tag = document.createElement('span');
      tag.className = 'tag';
      const body = document.createElement('span');
      body.className = 'sentence';
      row.append(tag, body);
      rows.append(row);
    }
    list.append(rows);
  }
  for (const [index, sentence] of sentences.entries()) {
    const row = list.children[index] as HTMLElement;
    const found = moods[index];
    const label = found?.label ?? 'none';
    if (row.dataset.label !== label) row.dataset.label = label;
    const tag = found ? `${signs[found.label]} ${words[found.label]} ${percent(found.scores[found.label])}` : '…';
    write(row.firstElementChild as Element, tag);
    write(row.lastElementChild as Element, sentence);
  }
}

export function showLoading(loaded: number | null, detail: string): void {
  loading.hidden = false;
  error.hidden = true;
  if (loaded === null) progress.removeAttribute('value');
  else progress.value = loaded;
  write(loadingText, detail);
}

export function showReady(): void {
  loading.hidden = true;
  error.hidden = true;
}

export function showError(code: string, message: string): void {
  loading.hidden = true;
  write(errorCode, code);
  write(errorText, message);
  error.hidden = false;
}

let announcing: ReturnType<typeof setTimeout> | undefined;
/** Spoken once the typing pauses, so that a screen reader is not flooded. */
export function announce(value: string): void {
  clearTimeout(announcing);
  announcing = setTimeout(() => write(announcement, value), 1200);
}

export function offerExamples(examples: readonly { name: string; text: string }[], take: (text: string) => void): void {
  for (const example of examples) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = example.name;
    button.addEventListener('click', () => take(example.text));
    element('examples').append(button);
  }
}
