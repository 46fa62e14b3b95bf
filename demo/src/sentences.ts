import { Turns } from './turns.ts';

/** The sentences of a line of the text; of a very long line, some of them. */
export type Block = readonly string[];

/** So that a change is laid out again within one block, and blocks out of sight not at all. */
const longestBlock = 40;

const segmenter =
  typeof Intl.Segmenter === 'function' ? new Intl.Segmenter('en', { granularity: 'sentence' }) : undefined;

function* pieces(line: string): Generator<string> {
  if (segmenter) for (const { segment } of segmenter.segment(line)) yield segment;
  else yield* line.match(/[^.!?]+[.!?]*["')\]]*\s*/g) ?? [line];
}

/** A piece without any of these ("!!", ":-)") belongs to the sentence before it. */
const telling = /[\p{L}\p{N}\p{Extended_Pictographic}]/u;

async function sentencesOf(line: string, turns: Turns): Promise<string[]> {
  const found: string[] = [];
  for (const piece of pieces(line)) {
    if (telling.test(piece) || found.length === 0) found.push(piece);
    else found.push(`${found.pop()}${piece}`);
    if (turns.over) await turns.next();
  }
  return found.map((sentence) => sentence.trim()).filter((sentence) => sentence !== '');
}

/** The lines of the last text: between two keystrokes all but one are the same. */
let known = new Map<string, Promise<string[]>>();

/** A line end ends a sentence too. Takes a second for a book, in turns of some milliseconds. */
export async function sentences(text: string): Promise<Block[]> {
  const turns = new Turns();
  const lines = new Map<string, Promise<string[]>>();
  const blocks: Block[] = [];
  for (const line of text.split(/\r\n?|\n/)) {
    const found = lines.get(line) ?? known.get(line) ?? sentencesOf(line, turns);
    lines.set(line, found);
    const list = await found;
    for (let from = 0; from < list.length; from += longestBlock) blocks.push(list.slice(from, from + longestBlock));
  }
  known = lines;
  return blocks;
}
