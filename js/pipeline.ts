import { defaultModel } from './default-model.ts';
import type { Build } from './env.ts';
import { invalid, SqueezeBertError } from './errors.ts';
import { type ExtractFeatures, featureExtraction } from './feature-extraction.ts';
import { asyncDisposable, type LoadOptions, load } from './load.ts';
import { makeModel } from './models.ts';
import { newestWins } from './newest-wins.ts';
import type { DataType, ModelInfo, TokenizerInfo } from './operations.ts';
import { withSession } from './session.ts';
import type { ModelSource } from './sources.ts';
import {
  type ClassifyInput,
  type ClassifyTexts,
  type LabelScore,
  type TextClassificationOptions,
  textClassification,
} from './text-classification.ts';
import { makeTokenizer } from './tokenizer.ts';

export interface PipelineInfo {
  task: string;
  /** The WebAssembly build that runs. */
  build: Build;
  /** Threads that compute a pass together. */
  threads: number;
  /** Workers that share the texts of a call. */
  workers: number;
  /** How the weights are kept in memory. */
  dtype: DataType;
  /** Bytes of weights in memory. */
  weightBytes: number;
  labels: readonly string[];
}

/** What every pipeline has. */
interface Loaded {
  readonly info: PipelineInfo;
  /** Frees the model, and ends the worker where nothing else uses it. Later calls reject with the code DISPOSED. */
  dispose(): Promise<void>;
  /** `await using`, where the platform knows it. */
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** A task with a model behind it. */
export type TextClassificationPipeline = ClassifyTexts &
  Loaded & {
    /** For live typing: see `newestWins`. Replaced calls reject with `SupersededError`. */
    latest(text: ClassifyInput, options?: TextClassificationOptions): Promise<LabelScore[]>;
  };

export type FeatureExtractionPipeline = ExtractFeatures & Loaded;

/** Tasks by name, and the pipeline that each gives. */
export interface Tasks {
  'text-classification': TextClassificationPipeline;
  'sentiment-analysis': TextClassificationPipeline;
  'feature-extraction': FeatureExtractionPipeline;
}

const tasks: readonly (keyof Tasks)[] = ['text-classification', 'sentiment-analysis', 'feature-extraction'];

/**
 * Loads what a task needs and gives the function that does it.
 *
 * Without a model, classification takes the sentiment model of the package: labels NEGATIVE, NEUTRAL, POSITIVE.
 *
 * ```ts
 * const classify = await pipeline('sentiment-analysis');
 * await classify('What a lovely day'); // [{ label: 'POSITIVE', score: 0.98 }]
 * ```
 *
 * Errors: UNSUPPORTED_TASK; INVALID_ARGUMENT where a model is missing; TASK_MISMATCH where the model cannot do it; those of loading.
 */
export async function pipeline<Task extends keyof Tasks>(
  task: Task,
  model?: ModelSource | null,
  options: LoadOptions = {},
): Promise<Tasks[Task]> {
  if (!tasks.includes(task)) throw new SqueezeBertError('UNSUPPORTED_TASK', `'${task}'; known: ${tasks.join(', ')}`);
  return withSession(options, async (session) => {
    const extract = task === 'feature-extraction';
    if (extract && !model) throw invalid(`'${task}' needs a model`);
    const wanted = { tokenizer: true, model: true, ...(extract ? { head: 'none' as const } : {}) };
    const loaded = await load(session, model ?? defaultModel(), wanted, options);
    const info = loaded.model as ModelInfo;
    if (!extract && info.head !== 'sequence-classification')
      throw new SqueezeBertError('TASK_MISMATCH', `'${task}' needs a sequence classification head, not '${info.head}'`);
    const tokenizer = loaded.tokenizer as TokenizerInfo;
    const classify = textClassification(session, tokenizer, info);
    const extractor = featureExtraction(makeTokenizer(session, tokenizer), makeModel(session, info), info.sentence);
    const dispose = () => session.dispose();
    const more = {
      latest: newestWins((text: ClassifyInput, callOptions?: TextClassificationOptions) => classify(text, callOptions)),
      info: {
        task,
        workers: 1,
        ...(await session.started()),
        dtype: info.dtype,
        weightBytes: info.weightBytes,
        labels: info.labels,
      },
      dispose,
    };
    return asyncDisposable(Object.assign(extract ? extractor : classify, more), dispose) as unknown as Tasks[Task];
  });
}
