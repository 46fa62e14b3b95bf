// SqueezeBERT for sequence classification as an ONNX model, laid out as the reference implementation runs it: states are
// [batch, channels, tokens] inside the encoder, position-wise layers are grouped convolutions of width 1.
// Field numbers: onnx.proto of the ONNX specification (IR version 9, operator set 17).
import protobuf from 'protobufjs';

const { root } = protobuf.parse(`
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
`, { keepCase: true }); // prettier-ignore

const float32 = 1;
const int64 = 7;

class Graph {
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

  op(op_type, inputs, attributes = {}, output = `value_${++this.count}`) {
    const attribute = Object.entries(attributes).map(([name, value]) => {
      if (Array.isArray(value)) return { name, ints: value, type: 7 };
      return Number.isInteger(value) ? { name, i: value, type: 2 } : { name, f: value, type: 1 };
    });
    this.nodes.push({ input: inputs, output: [output], name: `${op_type}_${output}`, op_type, attribute });
    return output;
  }
}

/** The bytes of the model. Inputs input_ids, attention_mask, token_type_ids [1, tokens] int64; output logits [1, labels]. */
export function squeezeBertOnnx(config, tensors) {
  const graph = new Graph();
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  for (const { name, shape, data } of tensors) graph.constant(name, shape, data);
  const { hidden_size: hidden, num_attention_heads: heads } = config;
  const size = hidden / heads;

  // Norms are over channels: of [1, tokens, channels].
  const norm = (value, name) =>
    graph.op('LayerNormalization', [value, `${name}.weight`, `${name}.bias`], { axis: -1, epsilon: 1e-12 });
  const turned = (value) => graph.op('Transpose', [value], { perm: [0, 2, 1] });
  const conv = (value, name) => {
    const channels = name.includes('.output.conv1d') ? config.intermediate_size : hidden;
    const group = channels / shapes.get(`${name}.weight`)[1];
    return graph.op('Conv', [value, `${name}.weight`, `${name}.bias`], { group, kernel_shape: [1] });
  };

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
  let state = turned(norm(embedded, 'transformer.embeddings.LayerNorm'));

  const keep = graph.op('Cast', ['attention_mask'], { to: float32 });
  const hide = graph.op('Mul', [graph.op('Sub', [graph.number(1), keep]), graph.number(-3.4028234663852886e38)]);
  const mask = graph.op('Unsqueeze', [hide, graph.integers(1, 2)]);

  const split = graph.integers(1, heads, size, -1);
  const joined = graph.integers(1, hidden, -1);
  for (let layer = 0; layer < config.num_hidden_layers; ++layer) {
    const prefix = `transformer.encoder.layers.${layer}`;
    const part = (name) => graph.op('Reshape', [conv(state, `${prefix}.attention.${name}`), split]);
    const rows = (value) => graph.op('Transpose', [value], { perm: [0, 1, 3, 2] });
    const scores = graph.op('MatMul', [rows(part('query')), part('key')]);
    const scaled = graph.op('Add', [graph.op('Div', [scores, graph.number(Math.sqrt(size))]), mask]);
    const probabilities = graph.op('Softmax', [scaled], { axis: -1 });
    const context = rows(graph.op('MatMul', [probabilities, rows(part('value'))]));
    const merged = graph.op('Reshape', [context, joined]);
    const attended = graph.op('Add', [conv(merged, `${prefix}.post_attention.conv1d`), state]);
    const middle = turned(norm(turned(attended), `${prefix}.post_attention.layernorm`));
    const inner = conv(middle, `${prefix}.intermediate.conv1d`);
    // gelu, erf form, as PyTorch exports it
    const erf = graph.op('Erf', [graph.op('Div', [inner, graph.number(Math.SQRT2)])]);
    const gelu = graph.op('Mul', [
      graph.op('Mul', [inner, graph.op('Add', [erf, graph.number(1)])]),
      graph.number(0.5),
    ]);
    const output = graph.op('Add', [conv(gelu, `${prefix}.output.conv1d`), middle]);
    state = turned(norm(turned(output), `${prefix}.output.layernorm`));
  }
  const first = graph.op('Gather', [turned(state), graph.constant('zero', [], new BigInt64Array(1))], { axis: 1 });
  const pooled = graph.op('Tanh', [
    graph.op('Gemm', [first, 'transformer.pooler.dense.weight', 'transformer.pooler.dense.bias'], { transB: 1 }),
  ]);
  graph.op('Gemm', [pooled, 'classifier.weight', 'classifier.bias'], { transB: 1 }, 'logits');

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
      name: 'squeezebert',
      node: graph.nodes,
      initializer: graph.initializers,
      input: ['input_ids', 'attention_mask', 'token_type_ids'].map((name) => info(name, int64, [1, 'tokens'])),
      output: [info('logits', float32, [1, config.num_labels])],
    },
  };
  return root.lookupType('Model').encode(model).finish();
}
