// What a full-size model takes in memory, each in a browser of its own.
import { table } from '../stage/numbers.mjs';
import { rendererMemory } from './processes.mjs';

export const title = 'Memory of a full-size SqueezeBERT: MB';
export const engines = ['chromium'];

const parameters = 51.1; // millions: q8 takes a byte for each
const largest = (30528 * 768 * 4) / 1e6; // MB of the largest tensor in float32

export async function run(bench) {
  const sides = [
    ...['q8', 'q4', 'fp16', 'fp32'].map((dtype) => ({ name: `ours ${dtype}`, dtype })),
    { name: 'onnxruntime-web fp32', file: 'product.onnx' },
    ...(bench.int8 ? [{ name: 'onnxruntime-web int8', file: 'product.int8.onnx' }] : []),
  ];
  const results = [];
  for (const { name, ...side } of sides) {
    const page = await bench.open();
    try {
      const empty = rendererMemory(page.profile);
      const heap = await page.call('/bench/memory/page.mjs', side);
      results.push({ name, ...heap, empty, process: rendererMemory(page.profile) });
    } finally {
      await page.close();
    }
  }
  return results;
}

export const limits = { loaded: 1.25 * parameters + 16, peak: 1.25 * parameters + 16 + largest };

export function report(results) {
  return [
    [
      'heap: of WebAssembly, which never shrinks, so the one after loading is also its peak; process: the page with its worker',
      table([
        ['', 'heap after load', 'after a pass', 'process now', 'process peak', 'empty page'],
        ...results.map(({ name, loaded, used, process, empty }) => [
          name,
          loaded,
          used,
          process?.now,
          process?.peak,
          empty?.now,
        ]),
      ]),
      `the aim for q8: ${limits.loaded.toFixed(0)} after loading, ${limits.peak.toFixed(0)} at the peak`,
    ].join('\n'),
  ];
}
