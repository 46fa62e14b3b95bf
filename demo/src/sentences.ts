/** A sentence and where it begins in the text, in UTF-16 units. */
export interface Sentence {
  text: string;
  start: number;
}

const segmenter =
  typeof Intl.Segmenter === 'function' ? new Intl.Segmenter('en', { granularity: 'sentence' }) : undefined;

/** The sentences of a text without the white space around them; a line end ends a sentence too. */
export function sentences(text: string): Sentence[] {
  const found: Sentence[] = [];
  const add = (piece: string, start: number) => {
    const trimmed = piece.trim();
    if (trimmed) found.push({ text: trimmed, start: start + piece.indexOf(trimmed) });
  };
  for (const line of text.matchAll(/[^\n]+/g)) {
    if (segmenter) {
      for (const { segment, index } of segmenter.segment(line[0])) add(segment, line.index + index);
    } else {
      for (const part of line[0].matchAll(/[^.!?]+[.!?]*["')\]]*\s*/g)) add(part[0], line.index + part.index);
    }
  }
  return found;
}
