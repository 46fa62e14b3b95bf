// SqueezeBERT for sequence classification as an ONNX model, in two layouts that compute the same:
//   convolution  as the reference implementation runs it: states are [1, channels, tokens] inside the encoder,
//                position-wise layers are grouped convolutions of width 1
//   product      as one would write it for onnxruntime: states are [1, tokens, channels], a position-wise layer is a matrix
//                product per group, its weights constant and on the right, so that onnxruntime packs them beforehand
// Field numbers: onnx.proto of the ONNX specification (IR version 9, operator set 17).
import protobuf from 'protobufjs';

const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message Model { int64 ir_version = 1; string producer_name = 2; Graph graph = 7; repeated OperatorSet opset_import = 8; }
  message OperatorSet { string domain = 1; int64 version = 2; }
  message Graph {
    repeated Node node = 1; string name = 2; repeated Tensor initializer = 5; repeated ValueInfo input = 11;
    repeated ValueInfo output = 12;
  }
  message Node { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated Attribute attribute = 5; }
  message Attribute { string name = 1; float f = 2; int64 i = 3; repeated int64 ints = 8; int32 type = 20; }
  message Tensor { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
  message ValueInfo { string name = 1; Type type = 2; }
  message Type { TensorType tensor_type = 1; }
  message TensorType { int32 elem_type = 1; Shape shape = 2; }
  message Shape { repeated Dimension dim = 1; }
  message Dimension { int64 dim_value = 1; string dim_param = 2; }
`,
  { keepCase: true },
);

const float32 = 1;
const int64 = 7;

export class Graph {
  nodes = [];
  initializers = [];
  count = 0;

  constant(name, shape, data) {
    const type = data instanceof BigInt64Array ? int64 : float32;
    const raw_data = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.initializers.push({ dims: shape, data_type: type, name, raw_data });
    return name;
  }

  integers(...values) {
    return this.constant(`shape_${++this.count}`, [values.length], BigInt64Array.from(values, BigInt));
  }

  number(value) {
    return this.constant(`number_${++this.count}`, [], new Float32Array([value]));
  }

  op(op_type, inputs, attributes = {}, outputs = [`value_${++this.count}`]) {
    const attribute = Object.entries(attributes).map(([name, value]) => {
      if (Array.isArray(value)) return { name, ints: value, type: 7 };
      return Number.isInteger(value) ? { name, i: value, type: 2 } : { name, f: value, type: 1 };
    });
    this.nodes.push({ input: inputs, output: outputs, name: `${op_type}_${outputs[0]}`, op_type, attribute });
    return outputs[0];
  }

  /** Equal parts of the channels of [1, tokens, channels]. */
  split(value, parts, size) {
    const outputs = Array.from({ length: parts }, () => `value_${++this.count}`);
    this.op('Split', [value, this.integers(...outputs.map(() => size))], { axis: 2 }, outputs);
    return outputs;
  }

  /** Over the channels of [1, tokens, channels]. */
  norm(value, name) {
    return this.op('LayerNormalization', [value, `${name}.weight`, `${name}.bias`], { axis: -1, epsilon: 1e-12 });
  }

  /** The erf form, as PyTorch exports it. */
  gelu(value) {
    const erf = this.op('Erf', [this.op('Div', [value, this.number(Math.SQRT2)])]);
    const product = this.op('Mul', [value, this.op('Add', [erf, this.number(1)])]);
    return this.op('Mul', [product, this.number(0.5)]);
  }
}

/** weight [out, channels / groups, 1] of one group, turned: [channels / groups, out / groups]. */
function turnedGroup(weight, outputs, inputs, group) {
  const turned = new Float32Array(inputs * outputs);
  for (let out = 0; out < outputs; ++out)
    for (let input = 0; input < inputs; ++input)
      turned[input * outputs + out] = weight[(group * outputs + out) * inputs + input];
  return turned;
}

// What differs between the layouts. `linear` is a position-wise layer, `norm` is over channels; `queries` and `values` are
// [1, heads, tokens, size], `keys` [1, heads, size, tokens] from a state, `merged` is a state from [1, heads, tokens, size].

function convolutionLayout(graph, { hidden, heads, size }, weights) {
  const split = graph.integers(0, heads, size, -1); // 0: as it was
  const joined = graph.integers(0, hidden, -1);
  const turned = (value) => graph.op('Transpose', [value], { perm: [0, 2, 1] });
  const rows = (value) => graph.op('Transpose', [value], { perm: [0, 1, 3, 2] });
  const keys = (state) => graph.op('Reshape', [state, split]);
  for (const tensor of weights.values()) graph.constant(tensor.name, tensor.shape, tensor.data);
  return {
    enter: turned,
    leave: turned,
    linear: (state, name, groups) =>
      graph.op('Conv', [state, `${name}.weight`, `${name}.bias`], { group: groups, kernel_shape: [1] }),
    norm: (state, name) => turned(graph.norm(turned(state), name)),
    queries: (state) => rows(keys(state)),
    values: (state) => rows(keys(state)),
    keys,
    merged: (context) => graph.op('Reshape', [rows(context), joined]),
  };
}

export function productLayout(graph, { hidden, heads, size }, weights) {
  const split = graph.integers(0, -1, heads, size); // 0: as it was
  const joined = graph.integers(0, -1, hidden);
  const same = (value) => value;
  const rows = (state) => graph.op('Transpose', [graph.op('Reshape', [state, split])], { perm: [0, 2, 1, 3] });
  for (const { name, shape, data } of weights.values()) if (shape.length < 3) graph.constant(name, shape, data);
  return {
    enter: same,
    leave: same,
    linear: (state, name, groups) => {
      const { shape, data } = weights.get(`${name}.weight`);
      const [outputs, inputs] = [shape[0] / groups, shape[1]];
      const parts = groups === 1 ? [state] : graph.split(state, groups, inputs);
      const products = parts.map((part, group) => {
        const weight = `${name}.group_${group}`;
        graph.constant(weight, [inputs, outputs], turnedGroup(data, outputs, inputs, group));
        return graph.op('MatMul', [part, weight]);
      });
      const whole = groups === 1 ? products[0] : graph.op('Concat', products, { axis: 2 });
      return graph.op('Add', [whole, `${name}.bias`]);
    },
    norm: (state, name) => graph.norm(state, name),
    queries: rows,
    values: rows,
    keys: (state) => graph.op('Transpose', [graph.op('Reshape', [state, split])], { perm: [0, 2, 3, 1] }),
    merged: (context) => graph.op('Reshape', [graph.op('Transpose', [context], { perm: [0, 2, 1, 3] }), joined]),
  };
}

const layoutOf = { convolution: convolutionLayout, product: productLayout };
export const layouts = Object.keys(layoutOf);

/**
 * The bytes of the model in one of `layouts`. Inputs input_ids, attention_mask, token_type_ids [batch, tokens] int64;
 * output logits [batch, labels]. `tensors`: [{ name, shape, data }] under the names of the published checkpoints.
 */
export function squeezeBertOnnx(config, tensors, layoutName) {
  const graph = new Graph();
  const { hidden_size: hidden, num_attention_heads: heads } = config;
  const size = hidden / heads;
  const weights = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const layout = layoutOf[layoutName](graph, { hidden, heads, size }, weights);

  const tokens = graph.op('Gather', [graph.op('Shape', ['input_ids']), graph.integers(1)]);
  const positions = graph.op('Slice', [
    'transformer.embeddings.position_embeddings.weight',
    graph.integers(0),
    tokens,
    graph.integers(0),
  ]);
  const words = graph.op('Gather', ['transformer.embeddings.word_embeddings.weight', 'input_ids']);
  const types = graph.op('Gather', ['transformer.embeddings.token_type_embeddings.weight', 'token_type_ids']);
  const embedded = graph.op('Add', [graph.op('Add', [words, types]), positions]);
  let state = layout.enter(graph.norm(embedded, 'transformer.embeddings.LayerNorm'));

  const keep = graph.op('Cast', ['attention_mask'], { to: float32 });
  const hide = graph.op('Mul', [graph.op('Sub', [graph.number(1), keep]), graph.number(-3.4028234663852886e38)]);
  const mask = graph.op('Unsqueeze', [hide, graph.integers(1, 2)]);

  for (let layer = 0; layer < config.num_hidden_layers; ++layer) {
    const prefix = `transformer.encoder.layers.${layer}`;
    const queries = layout.queries(layout.linear(state, `${prefix}.attention.query`, config.q_groups));
    const keys = layout.keys(layout.linear(state, `${prefix}.attention.key`, config.k_groups));
    const values = layout.values(layout.linear(state, `${prefix}.attention.value`, config.v_groups));
    const scores = graph.op('Div', [graph.op('MatMul', [queries, keys]), graph.number(Math.sqrt(size))]);
    const probabilities = graph.op('Softmax', [graph.op('Add', [scores, mask])], { axis: -1 });
    const merged = layout.merged(graph.op('MatMul', [probabilities, values]));
    const after = layout.linear(merged, `${prefix}.post_attention.conv1d`, config.post_attention_groups);
    const middle = layout.norm(graph.op('Add', [after, state]), `${prefix}.post_attention.layernorm`);
    const inner = graph.gelu(layout.linear(middle, `${prefix}.intermediate.conv1d`, config.intermediate_groups));
    const output = layout.linear(inner, `${prefix}.output.conv1d`, config.output_groups);
    state = layout.norm(graph.op('Add', [output, middle]), `${prefix}.output.layernorm`);
  }
  const zero = graph.constant('zero', [], new BigInt64Array(1));
  const first = graph.op('Gather', [layout.leave(state), zero], { axis: 1 });
  const pooled = graph.op('Tanh', [
    graph.op('Gemm', [first, 'transformer.pooler.dense.weight', 'transformer.pooler.dense.bias'], { transB: 1 }),
  ]);
  graph.op('Gemm', [pooled, 'classifier.weight', 'classifier.bias'], { transB: 1 }, ['logits']);

  return modelBytes(graph, 'squeezebert', ['input_ids', 'attention_mask', 'token_type_ids'], config.num_labels);
}

/** The bytes of a model with int64 `inputs` [batch, tokens] and the output logits [batch, labels]. */
export function modelBytes(graph, name, inputs, labels) {
  const info = (name, elem_type, dims) => ({
    name,
    type: {
      tensor_type: {
        elem_type,
        shape: { dim: dims.map((dim) => (typeof dim === 'string' ? { dim_param: dim } : { dim_value: dim })) },
      },
    },
  });
  const model = {
    ir_version: 9,
    producer_name: 'squeezebert-wasm bench',
    opset_import: [{ domain: '', version: 17 }],
    graph: {
      name,
      node: graph.nodes,
      initializer: graph.initializers,
      input: inputs.map((input) => info(input, int64, ['batch', 'tokens'])),
      output: [info('logits', float32, ['batch', labels])],
    },
  };
  return root.lookupType('Model').encode(model).finish();
}
