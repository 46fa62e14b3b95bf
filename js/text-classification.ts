import { invalid } from './errors.ts';
import type { ModelInfo, Scores, TokenizerInfo } from './operations.ts';
import type { Session } from './session.ts';
import { checkText } from './text.ts';

export interface TextClassificationOptions {
  /** How many labels, the likeliest first; `null`: all. Default 1. */
  top_k?: number | null;
  signal?: AbortSignal | null;
}

/** One label of one text. */
export interface LabelScore {
  label: string;
  /** 0 to 1. */
  score: number;
  /** There where the text had more tokens than the model reads, and only its beginning was read. */
  truncated?: true;
}

/** A text, with its second text for models that compare two. */
export type ClassifyInput = string | { text: string; text_pair: string };

/** Texts in, labels out; shapes as in transformers.js. */
export interface ClassifyTexts {
  (text: ClassifyInput, options?: TextClassificationOptions): Promise<LabelScore[]>;
  (texts: readonly ClassifyInput[], options?: TextClassificationOptions & { top_k?: 1 }): Promise<LabelScore[]>;
  (texts: readonly ClassifyInput[], options: TextClassificationOptions): Promise<LabelScore[][]>;
}

function split(input: ClassifyInput): { text: string; pair: string | null } {
  if (typeof input === 'object' && input !== null)
    return { text: checkText(input.text, 'text'), pair: checkText(input.text_pair, 'text_pair') };
  return { text: checkText(input, 'a text, or { text, text_pair },'), pair: null };
}

export function textClassification(session: Session, tokenizer: TokenizerInfo, model: ModelInfo): ClassifyTexts {
  const labelled = ({ labels, scores, truncated }: Scores): LabelScore[] =>
    Array.from(labels, (label, index) => ({
      label: model.labels[label] as string,
      score: scores[index] as number,
      ...(truncated ? { truncated } : {}),
    }));

  async function classify(input: ClassifyInput | readonly ClassifyInput[], options: TextClassificationOptions = {}) {
    const { top_k = 1, signal } = options;
    if (top_k !== null && (!Number.isInteger(top_k) || top_k < 1)) throw invalid(`top_k ${top_k}`);
    const inputs = (Array.isArray(input) ? input : [input]).map(split);
    const results = await session.call(
      'classify',
      {
        tokenizer: tokenizer.handle,
        model: model.handle,
        texts: inputs.map(({ text }) => text),
        pairs: inputs.map(({ pair }) => pair),
        topK: top_k ?? 0,
      },
      { signal },
    );
    const lists = results.map(labelled);
    if (!Array.isArray(input)) return lists[0];
    return top_k === 1 ? lists.map((list) => list[0]) : lists;
  }
  return classify as ClassifyTexts;
}
