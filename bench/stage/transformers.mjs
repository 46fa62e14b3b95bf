// In a page: transformers.js with its default settings, but for where files come from.
import { env, pipeline } from '/data/transformers.mjs';

env.remoteHost = `${location.origin}/data/hub/`;
env.remotePathTemplate = '{model}/';
// The file that it takes by default, from this server.
const runtime = `${location.origin}/ort-transformers/ort-wasm-simd-threaded.asyncify`;
env.backends.onnx.wasm.wasmPaths = { mjs: `${runtime}.mjs`, wasm: `${runtime}.wasm` };

/** Its default type for a page is int8 (`q8`). `model`: a folder of build/bench/hub. */
export const classifier = (model) => pipeline('text-classification', model);
