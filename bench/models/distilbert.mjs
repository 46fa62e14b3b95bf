// DistilBERT for sequence classification (66 million seeded random weights) as ONNX: the size of what transformers.js takes
// for sentiment by default.
import { Graph, modelBytes, productLayout } from './onnx.mjs';
import { normal } from './weights.mjs';

export const distilConfig = {
  architectures: ['DistilBertForSequenceClassification'],
  model_type: 'distilbert',
  vocab_size: 30522,
  dim: 768,
  n_layers: 6,
  n_heads: 12,
  hidden_dim: 3072,
  activation: 'gelu',
  max_position_embeddings: 512,
  num_labels: 2,
  id2label: { 0: 'NEGATIVE', 1: 'POSITIVE' },
  label2id: { NEGATIVE: 0, POSITIVE: 1 },
};

/** [{ name, shape, data }]; linear layers as productLayout() wants them, [out, in, 1]. */
function makeTensors() {
  const next = normal(20260102);
  const tensors = [];
  const add = (name, shape, scale, center = 0) => {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => center + scale * next());
    tensors.push({ name, shape, data });
  };
  const norm = (name) => {
    add(`${name}.weight`, [768], 0.1, 1);
    add(`${name}.bias`, [768], 0.1);
  };
  const linear = (name, out, size, flat) => {
    add(`${name}.weight`, flat ? [out, size] : [out, size, 1], size ** -0.5);
    add(`${name}.bias`, [out], 0.02);
  };
  add('words', [distilConfig.vocab_size, 768], 0.5);
  add('positions', [512, 768], 0.3);
  norm('embeddings');
  for (let layer = 0; layer < distilConfig.n_layers; ++layer) {
    for (const name of ['q', 'k', 'v', 'out']) linear(`${layer}.${name}`, 768, 768);
    norm(`${layer}.attention_norm`);
    linear(`${layer}.inner`, 3072, 768);
    linear(`${layer}.outer`, 768, 3072);
    norm(`${layer}.output_norm`);
  }
  linear('pre_classifier', 768, 768, true);
  linear('classifier', 2, 768, true);
  return tensors;
}

/** Inputs input_ids, attention_mask [batch, tokens]; output logits [batch, 2]. */
export function distilBertOnnx() {
  const weights = new Map(makeTensors().map((tensor) => [tensor.name, tensor]));
  const graph = new Graph();
  const layout = productLayout(graph, { hidden: 768, heads: 12, size: 64 }, weights);
  const linear = (state, name) => layout.linear(state, name, 1);
  const tokens = graph.op('Gather', [graph.op('Shape', ['input_ids']), graph.integers(1)]);
  const positions = graph.op('Slice', ['positions', graph.integers(0), tokens, graph.integers(0)]);
  const words = graph.op('Gather', ['words', 'input_ids']);
  let state = graph.norm(graph.op('Add', [words, positions]), 'embeddings');
  const keep = graph.op('Cast', ['attention_mask'], { to: 1 });
  const hide = graph.op('Mul', [graph.op('Sub', [graph.number(1), keep]), graph.number(-3.4028234663852886e38)]);
  const mask = graph.op('Unsqueeze', [hide, graph.integers(1, 2)]);
  for (let layer = 0; layer < distilConfig.n_layers; ++layer) {
    const queries = layout.queries(linear(state, `${layer}.q`));
    const keys = layout.keys(linear(state, `${layer}.k`));
    const values = layout.values(linear(state, `${layer}.v`));
    const scores = graph.op('Div', [graph.op('MatMul', [queries, keys]), graph.number(8)]);
    const probabilities = graph.op('Softmax', [graph.op('Add', [scores, mask])], { axis: -1 });
    const merged = linear(layout.merged(graph.op('MatMul', [probabilities, values])), `${layer}.out`);
    const middle = graph.norm(graph.op('Add', [merged, state]), `${layer}.attention_norm`);
    const outer = linear(graph.gelu(linear(middle, `${layer}.inner`)), `${layer}.outer`);
    state = graph.norm(graph.op('Add', [outer, middle]), `${layer}.output_norm`);
  }
  const first = graph.op('Gather', [state, graph.constant('zero', [], new BigInt64Array(1))], { axis: 1 });
  const hidden = graph.op('Gemm', [first, 'pre_classifier.weight', 'pre_classifier.bias'], { transB: 1 });
  graph.op('Gemm', [graph.op('Relu', [hidden]), 'classifier.weight', 'classifier.bias'], { transB: 1 }, ['logits']);
  return modelBytes(graph, 'distilbert', ['input_ids', 'attention_mask'], 2);
}
