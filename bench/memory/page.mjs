// Loads one model and says what it takes. MB of the WebAssembly heap, which never shrinks: after loading it is the peak.
export default async ({ dtype, file }) => {
  if (dtype) {
    const { AutoModelForSequenceClassification, env, heapBytes } = await import('/dist/index.js');
    env.threads = 1;
    const model = await AutoModelForSequenceClassification.from_pretrained('/data/', { dtype, cache: 'no-store' });
    const loaded = await heapBytes();
    await model({ input_ids: [Array.from({ length: 128 }, (_, i) => 1000 + i)] });
    globalThis.kept = model;
    return { loaded: loaded / 1e6, used: (await heapBytes()) / 1e6 };
  }
  // The runtime keeps its memory to itself: the largest one that the page made is it.
  let memory;
  const grab = (instance) => {
    for (const value of Object.values(instance.exports)) if (value instanceof WebAssembly.Memory) memory = value;
    return instance;
  };
  const { Memory } = WebAssembly;
  WebAssembly.Memory = class extends Memory {
    constructor(...options) {
      super(...options);
      memory = this;
    }
  };
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (...values) => {
      const result = await original.apply(WebAssembly, values);
      grab(result.instance ?? result);
      return result;
    };
  }
  const ort = await import('/ort/ort.wasm.min.mjs');
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = '/ort/';
  const session = await ort.InferenceSession.create(`/data/${file}`, { executionProviders: ['wasm'] });
  const loaded = memory.buffer.byteLength;
  const ids = Array.from({ length: 128 }, (_, i) => 1000 + i);
  const int64 = (value) => new ort.Tensor('int64', BigInt64Array.from(ids, value), [1, ids.length]);
  await session.run({ input_ids: int64(BigInt), attention_mask: int64(() => 1n), token_type_ids: int64(() => 0n) });
  globalThis.kept = session;
  return { loaded: loaded / 1e6, used: memory.buffer.byteLength / 1e6 };
};
