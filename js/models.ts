import { invalid } from './errors.ts';
import { asyncDisposable, type LoadOptions, load } from './load.ts';
import type { DataType, Head, ModelInfo } from './operations.ts';
import { type Session, withSession } from './session.ts';
import type { ModelSource } from './sources.ts';
import { Tensor, type TensorLike, toIntegers } from './tensor.ts';

/** Token ids [batch, tokens], or [batch, choices, tokens] for multiple choice. */
export interface ModelInputs {
  input_ids: TensorLike;
  /** 1, or 0 for padding. Default: all 1. */
  attention_mask?: TensorLike;
  /** Default: all 0. */
  token_type_ids?: TensorLike;
}

export interface ModelCallOptions {
  /** Adds `hidden_states` [layers + 1, batch, tokens, hidden]: the embeddings and the state after each layer. */
  output_hidden_states?: boolean;
  /** Adds `attentions` [layers, batch, heads, tokens, tokens]. */
  output_attentions?: boolean;
  /** Adds `attention_scores`: the same before the softmax, masked. */
  output_attention_scores?: boolean;
  /** Adds `last_hidden_state` [batch, tokens, hidden] where the model has a head. */
  output_last_hidden_state?: boolean;
  /** Adds `pooler_output` [batch, hidden] where the model has a head and a pooler. */
  output_pooler?: boolean;
  signal?: AbortSignal | null;
}

/** Tensors named as in the reference implementation. */
export type ModelOutputs = Record<string, Tensor<Float32Array>>;

/**
 * A loaded model: token ids in, tensors out.
 *
 * ```ts
 * const model = await AutoModelForSequenceClassification.from_pretrained('./my-model/');
 * const { logits } = await model(await tokenizer('A text'));
 * ```
 */
export interface Model {
  (inputs: ModelInputs, options?: ModelCallOptions): Promise<ModelOutputs>;
  readonly config: Readonly<ModelConfig>;
  dispose(): Promise<void>;
  /** `await using`, where the platform knows it. */
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

export interface ModelConfig {
  head: Head;
  /** How the weights are kept in memory. */
  dtype: DataType;
  id2label: readonly string[];
  /** The most tokens of a sequence. */
  max_length: number;
  hidden_size: number;
  vocab_size: number;
}

export function makeModel(session: Session, info: ModelInfo): Model {
  const perChoice = info.head === 'multiple-choice';

  async function call(inputs: ModelInputs, options: ModelCallOptions = {}): Promise<ModelOutputs> {
    if (!inputs?.input_ids) throw invalid("'input_ids' is missing");
    const { dims, data } = toIntegers(inputs.input_ids, 'input_ids');
    const rank = perChoice ? 3 : 2;
    if (dims.length !== rank) throw invalid(`'input_ids' has ${dims.length} dimensions; this model takes ${rank}`);
    const companion = (name: 'attention_mask' | 'token_type_ids') => {
      const value = inputs[name];
      if (value === undefined || value === null) return null;
      const other = toIntegers(value, name);
      if (other.dims.join() !== dims.join())
        throw invalid(`'${name}' has the shape [${other.dims}], 'input_ids' has [${dims}]`);
      return other.data;
    };
    const tokens = dims[rank - 1] as number;
    const sequences = perChoice ? (dims[0] as number) * (dims[1] as number) : (dims[0] as number);
    const tensors = await session.call(
      'run',
      {
        model: info.handle,
        ids: data,
        typeIds: companion('token_type_ids'),
        attentionMask: companion('attention_mask'),
        lengths: new Int32Array(sequences).fill(tokens),
        hiddenStates: options.output_hidden_states ?? false,
        attentions: options.output_attentions ?? false,
        attentionScores: options.output_attention_scores ?? false,
        lastHiddenState: options.output_last_hidden_state ?? false,
        poolerOutput: options.output_pooler ?? false,
      },
      { signal: options.signal },
    );
    const outputs: ModelOutputs = {};
    for (const { name, dims: shape, data: values } of tensors)
      outputs[name] = new Tensor(values, perChoice && name === 'logits' ? dims.slice(0, 2) : Array.from(shape));
    return outputs;
  }

  const dispose = () => session.dispose();
  const config: ModelConfig = {
    head: info.head,
    dtype: info.dtype,
    id2label: info.labels,
    max_length: info.maxLength,
    hidden_size: info.hiddenSize,
    vocab_size: info.vocabSize,
  };
  return asyncDisposable(Object.assign(call, { config, dispose }), dispose);
}

/** Loads a model with one kind of head. */
export interface ModelClass {
  /**
   * Errors: those of loading; CONFIG_INVALID, MODEL_TYPE_UNSUPPORTED, TENSOR_MISSING, TENSOR_UNEXPECTED, TENSOR_SHAPE,
   * TENSOR_DTYPE and the SAFETENSORS_ codes, naming what is wrong.
   */
  from_pretrained(source: ModelSource, options?: LoadOptions): Promise<Model>;
}

const modelClass = (head: Head): ModelClass => ({
  from_pretrained: (source, options = {}) =>
    withSession(options, async (session) => {
      const { model } = await load(session, source, { tokenizer: false, model: true, head }, options);
      return makeModel(session, model as ModelInfo);
    }),
});

/** The encoder alone: `last_hidden_state`, and `pooler_output` where the checkpoint has a pooler. */
export const AutoModel = modelClass('none');
/** `logits` [batch, labels]. */
export const AutoModelForSequenceClassification = modelClass('sequence-classification');
/** `logits` [batch, tokens, labels]. */
export const AutoModelForTokenClassification = modelClass('token-classification');
/** `start_logits` and `end_logits` [batch, tokens]. */
export const AutoModelForQuestionAnswering = modelClass('question-answering');
/** `logits` [batch, tokens, vocabulary]. */
export const AutoModelForMaskedLM = modelClass('masked-lm');
/** Inputs [batch, choices, tokens]; `logits` [batch, choices]. */
export const AutoModelForMultipleChoice = modelClass('multiple-choice');
