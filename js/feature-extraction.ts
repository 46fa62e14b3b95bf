import { invalid } from './errors.ts';
import type { Model } from './models.ts';
import type { SentenceSettings } from './operations.ts';
import { Tensor } from './tensor.ts';
import { checkTexts } from './text.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface FeatureExtractionOptions {
  /**
   * One vector of a text's token states: that of the first token, their mean, their largest values, or their sum over the root
   * of their number; `none`: all of them. Default: as the folder of a sentence-transformers model says (`modules.json`), else
   * `none`.
   */
  pooling?: 'none' | 'cls' | 'mean' | 'max' | 'mean_sqrt_len';
  /** To length 1. Default: as the folder says, else false. */
  normalize?: boolean;
  signal?: AbortSignal | null;
}

/**
 * Texts in, vectors out: [texts, hidden], or with `pooling: 'none'` [texts, tokens, hidden], shorter texts padded. What is longer
 * than the model reads is cut.
 */
export type ExtractFeatures = (
  texts: string | readonly string[],
  options?: FeatureExtractionOptions,
) => Promise<Tensor<Float32Array>>;

const poolings = ['none', 'cls', 'mean', 'max', 'mean_sqrt_len'];

export function featureExtraction(
  tokenizer: Tokenizer,
  model: Model,
  settings?: SentenceSettings | null,
): ExtractFeatures {
  const width = model.config.hidden_size;
  return async (texts, { pooling = settings?.pooling ?? 'none', normalize = settings?.normalize, signal } = {}) => {
    if (!poolings.includes(pooling)) throw invalid(`pooling '${pooling}'`);
    const list = checkTexts(texts);
    const states = async (text: string | string[]) => {
      const inputs = await tokenizer(text, {
        padding: true,
        truncation: true,
        max_length: Math.min(settings?.maxLength ?? model.config.max_length, model.config.max_length),
        signal: signal ?? null,
      });
      return (await model(inputs, { signal: signal ?? null })).last_hidden_state as Tensor<Float32Array>;
    };
    let result: Tensor<Float32Array>;
    if (pooling === 'none') result = await states(list);
    else {
      // One text after the other: no padding, and the same numbers whatever stands beside it.
      result = new Tensor(new Float32Array(list.length * width), [list.length, width]);
      for (const [row, text] of list.entries()) {
        const pooled = result.data.subarray(row * width, (row + 1) * width);
        const { data } = await states(text);
        const tokens = pooling === 'cls' ? 1 : data.length / width;
        const divisor = pooling === 'mean' ? tokens : pooling === 'mean_sqrt_len' ? Math.sqrt(tokens) : 1;
        for (let i = 0; i < width; ++i) {
          let value = data[i] as number;
          for (let at = i + width; at < tokens * width; at += width) {
            const next = data[at] as number;
            value = pooling === 'max' ? Math.max(value, next) : value + next;
          }
          pooled[i] = value / divisor;
        }
      }
    }
    if (normalize)
      for (let at = 0; at < result.size; at += width) {
        const vector = result.data.subarray(at, at + width);
        const length = Math.hypot(...vector) || 1;
        for (let i = 0; i < width; ++i) vector[i] = (vector[i] as number) / length;
      }
    return result;
  };
}
