// The editor, the mood of the whole, loading and errors. Only what has changed is written.
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
  labels.map((label): [Label, Bar] => {
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

export function showCount(size: number): void {
  write(count, size === 0 ? '' : `${size.toLocaleString('en')} ${size === 1 ? 'word' : 'words'}`);
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

/** `bytes`: of weights, as they stand in memory. */
export function showModel(bytes: number): void {
  write(element('model-size'), `, ${(bytes / 1e6).toFixed(1)} MB of weights in memory`);
}

/** `loaded` in percent; null where the total is not known. */
export function showLoading(loaded: number | null, detail: string): void {
  loading.hidden = false;
  hideError();
  if (loaded === null) progress.removeAttribute('value');
  else progress.value = loaded;
  write(loadingText, detail);
}

export function showReady(): void {
  loading.hidden = true;
  hideError();
}

function hideError(): void {
  // a button that vanishes under the focus would send it back to the top of the page
  if (document.activeElement === retry) element('result-title').focus();
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
