import { defaultModel } from './default-model.ts';
import type { Build } from './env.ts';
import { SqueezeBertError } from './errors.ts';
import { asyncDisposable, type LoadOptions, load } from './load.ts';
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

/** A task with a model behind it. */
export type TextClassificationPipeline = ClassifyTexts & {
  /** For live typing: see `newestWins`. Replaced calls reject with `SupersededError`. */
  latest(text: ClassifyInput, options?: TextClassificationOptions): Promise<LabelScore[]>;
  readonly info: PipelineInfo;
  /** Frees the model, and ends the worker where nothing else uses it. Later calls reject with the code DISPOSED. */
  dispose(): Promise<void>;
  /** `await using`, where the platform knows it. */
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Tasks by name, and the pipeline that each gives. */
export interface Tasks {
  'text-classification': TextClassificationPipeline;
  'sentiment-analysis': TextClassificationPipeline;
}

const tasks: readonly (keyof Tasks)[] = ['text-classification', 'sentiment-analysis'];

/**
 * Loads what a task needs and gives the function that does it.
 *
 * Without a model, the sentiment model of the package is taken: labels NEGATIVE, NEUTRAL, POSITIVE.
 *
 * ```ts
 * const classify = await pipeline('sentiment-analysis');
 * await classify('What a lovely day'); // [{ label: 'POSITIVE', score: 0.98 }]
 * ```
 *
 * Errors: UNSUPPORTED_TASK; TASK_MISMATCH where the model cannot do it; those of loading.
 */
export async function pipeline<Task extends keyof Tasks>(
  task: Task,
  model?: ModelSource | null,
  options: LoadOptions = {},
): Promise<Tasks[Task]> {
  if (!tasks.includes(task)) throw new SqueezeBertError('UNSUPPORTED_TASK', `'${task}'; known: ${tasks.join(', ')}`);
  return withSession(options, async (session) => {
    const loaded = await load(session, model ?? defaultModel(), { tokenizer: true, model: true }, options);
    const info = loaded.model as ModelInfo;
    if (info.head !== 'sequence-classification')
      throw new SqueezeBertError('TASK_MISMATCH', `'${task}' needs a sequence classification head, not '${info.head}'`);
    const classify = textClassification(session, loaded.tokenizer as TokenizerInfo, info);
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
    return asyncDisposable(Object.assign(classify, more), dispose) as Tasks[Task];
  });
}
