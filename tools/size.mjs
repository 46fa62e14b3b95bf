// What a page downloads besides the model: index.js, worker.js and one WebAssembly build, brotli 11. Fails above the budget.
import { readFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';

const budget = 120_000;
const compressed = (name) => {
  const bytes = readFileSync(new URL(`../dist/${name}`, import.meta.url));
  const small = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
  console.log(`${name.padEnd(28)} ${String(bytes.length).padStart(9)} bytes, brotli ${String(small).padStart(8)}`);
  return small;
};
const page = ['index.js', 'worker.js'].map(compressed).reduce((sum, size) => sum + size);
const wasm = ['simd', 'simd-relaxed', 'simd-threads', 'simd-relaxed-threads'].map((name) =>
  compressed(`squeezebert-${name}.wasm`),
);
compressed('engine.js');
const total = page + Math.max(...wasm);
console.log(`A page downloads ${total} bytes of the ${budget} it may (models aside).`);
process.exitCode = total <= budget ? 0 : 1;
