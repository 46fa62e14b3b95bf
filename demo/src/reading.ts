// The reading view: the text as prose, each sentence marked with its mood, and above it the course of the mood. What is already
// on the page is compared with what should be, and only the differences are written: a keystroke costs little in a long text.
import { type Label, type Mood, percent, words } from './mood.ts';
import type { Block } from './sentences.ts';
import { Turns } from './turns.ts';

const element = (id: string) => document.getElementById(id) as Element;
const prose = element('prose');
const empty = element('empty') as HTMLElement;

/** A sentence on the page, and what it says there. */
class Row {
  readonly element = document.createElement('span');
  private readonly words = document.createElement('span');
  private readonly score = document.createElement('span');
  private readonly label = document.createElement('span');
  private written = { text: '', mood: '' };

  constructor() {
    this.element.className = 'sentence';
    this.element.dataset.label = 'none';
    this.words.className = 'words';
    this.score.className = 'score';
    this.label.className = 'quiet';
    // the space is where a line may break
    this.element.append(this.words, this.score, this.label, ' ');
  }

  write(text: string, mood: Mood | undefined): void {
    const score = mood ? percent(mood.scores[mood.label]) : '';
    const written = { text, mood: `${mood?.label} ${score}` };
    if (written.text !== this.written.text) this.words.textContent = text;
    if (written.mood !== this.written.mood) {
      this.element.dataset.label = mood?.label ?? 'none';
      this.score.textContent = score;
      // the sign before the score is drawn by the style sheet; this is what a screen reader says for it
      this.label.textContent = mood ? ` ${words[mood.label].toLowerCase()}.` : '';
    }
    this.written = written;
  }
}

/** As many elements as wanted, made or removed at the end. */
function adjust<Item extends { element: Element }>(
  items: Item[],
  count: number,
  parent: Element,
  make: () => Item,
): void {
  while (items.length > count) items.pop()?.element.remove();
  while (items.length < count) {
    const item = make();
    items.push(item);
    parent.append(item.element);
  }
}

class Paragraph {
  readonly element = document.createElement('p');
  private readonly rows: Row[] = [];

  write(block: Block, mood: (sentence: string) => Mood | undefined): void {
    adjust(this.rows, block.length, this.element, () => new Row());
    for (const [index, sentence] of block.entries()) this.rows[index]?.write(sentence, mood(sentence));
  }
}
const paragraphs: Paragraph[] = [];

const courses: Record<Label, Element> = {
  POSITIVE: element('course-positive'),
  NEUTRAL: element('course-neutral'),
  NEGATIVE: element('course-negative'),
};

/** A bar for each sentence, as wide as its share of the text; up for positive, down for negative, by how much the one outweighs. */
function showCourse(blocks: readonly Block[], mood: (sentence: string) => Mood | undefined): void {
  const all = blocks.flat();
  const length = all.reduce((sum, sentence) => sum + sentence.length, 0);
  const paths: Record<Label, string> = { POSITIVE: '', NEUTRAL: '', NEGATIVE: '' };
  let at = 0;
  for (const sentence of all) {
    const wide = (1000 * sentence.length) / length;
    const found = mood(sentence);
    if (found) {
      const value = found.scores.POSITIVE - found.scores.NEGATIVE;
      // a bar so thin that the gap would swallow it stands without
      const shown = wide > 8 ? wide - 3 : wide;
      const [top, bottom] = Math.abs(value) < 0.06 ? [-0.06, 0.06] : [Math.min(0, -value), Math.max(0, -value)];
      paths[found.label] +=
        `M${at.toFixed(1)} ${top.toFixed(2)}h${shown.toFixed(1)}V${bottom.toFixed(2)}h${(-shown).toFixed(1)}z`;
    }
    at += wide;
  }
  for (const [label, path] of Object.entries(paths)) courses[label as Label].setAttribute('d', path);
}

/** Sentences without a mood yet stand there unmarked. Long texts are written in turns; `current` says whether it still matters. */
export async function showSentences(
  blocks: readonly Block[],
  mood: (sentence: string) => Mood | undefined,
  current: () => boolean,
): Promise<void> {
  empty.hidden = blocks.length > 0;
  const turns = new Turns();
  adjust(paragraphs, Math.min(paragraphs.length, blocks.length), prose, () => new Paragraph());
  for (const [index, block] of blocks.entries()) {
    if (index >= paragraphs.length) adjust(paragraphs, index + 1, prose, () => new Paragraph());
    paragraphs[index]?.write(block, mood);
    if (turns.over) await turns.next();
    if (!current()) return;
  }
  showCourse(blocks, mood);
}
