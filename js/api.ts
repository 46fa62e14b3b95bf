// The public names, the same in every entry point.
/// <reference lib="esnext.disposable" preserve="true" />
export type { ModelCache } from './cache/model-cache.ts';
export { type Build, type Environment, env, type WasmSource } from './env.ts';
export { type ErrorCode, SqueezeBertError, SupersededError } from './errors.ts';
export type { ExtractFeatures, FeatureExtractionOptions } from './feature-extraction.ts';
export type { LoadOptions } from './load.ts';
export {
  AutoModel,
  AutoModelForMaskedLM,
  AutoModelForMultipleChoice,
  AutoModelForQuestionAnswering,
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
  type Model,
  type ModelCallOptions,
  type ModelClass,
  type ModelConfig,
  type ModelInputs,
  type ModelOutputs,
} from './models.ts';
export { newestWins } from './newest-wins.ts';
export type { CacheEntry, CacheMode, DataType, Progress } from './operations.ts';
export {
  type FeatureExtractionPipeline,
  type PipelineInfo,
  pipeline,
  type Tasks,
  type TextClassificationPipeline,
} from './pipeline.ts';
export { heapBytes } from './session.ts';
export type { FileLike, ModelSource } from './sources.ts';
export { type NestedNumbers, Tensor, type TensorLike } from './tensor.ts';
export type { ClassifyInput, ClassifyTexts, LabelScore, TextClassificationOptions } from './text-classification.ts';
export {
  AutoTokenizer,
  type DecodeOptions,
  type TokenizedLists,
  type TokenizedTensors,
  type TokenizeOptions,
  type Tokenizer,
  type TruncationName,
} from './tokenizer.ts';
