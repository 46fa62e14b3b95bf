import type { LabelScore } from 'squeezebert-wasm';

export type Label = 'NEGATIVE' | 'NEUTRAL' | 'POSITIVE';

export interface Mood {
  label: Label;
  /** 0 to 1, of each label. */
  scores: Record<Label, number>;
  truncated: boolean;
}

/** In the order in which they are shown. */
export const labels: readonly Label[] = ['POSITIVE', 'NEUTRAL', 'NEGATIVE'];
export const words: Record<Label, string> = { NEGATIVE: 'Negative', NEUTRAL: 'Neutral', POSITIVE: 'Positive' };
/** Shapes, so that colour is not all that tells them apart. */
export const signs: Record<Label, string> = { NEGATIVE: '▼', NEUTRAL: '●', POSITIVE: '▲' };

export function mood(result: readonly LabelScore[]): Mood {
  const scores: Record<Label, number> = { NEGATIVE: 0, NEUTRAL: 0, POSITIVE: 0 };
  for (const { label, score } of result) scores[label as Label] = score;
  return { label: result[0]?.label as Label, scores, truncated: result[0]?.truncated ?? false };
}

export const percent = (score: number) => `${Math.round(100 * score)} %`;
