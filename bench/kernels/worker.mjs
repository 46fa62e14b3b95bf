// In a web worker, where the library runs too: rates of the products and of register-only loops, by turns.
import { median } from '/bench/stage/numbers.mjs';

const G = 1e9;
const burst = 8; // ms that one timing should take at least, far above the clock's steps

async function instantiate(build) {
  const bytes = await (await fetch(`/build/wasm-${build}/bench/kernels/squeezebert-kernels.wasm`)).arrayBuffer();
  // nothing calls the system; the module only names it
  const nothing = new Proxy({}, { get: () => () => 0 });
  const { instance } = await WebAssembly.instantiate(bytes, { wasi_snapshot_preview1: nothing, env: nothing });
  instance.exports._initialize?.();
  return instance.exports;
}

/** Rates in G a second of each of `runs` ({ name: { work, run(repeats) } }), medians over `rounds` by turns. */
function rates(runs, rounds) {
  const sides = Object.entries(runs).map(([name, { work, run }]) => {
    let repeats = 1;
    const time = () => {
      const start = performance.now();
      run(repeats);
      return performance.now() - start;
    };
    // Also the warm-up: V8 compiles better what has run for a while.
    for (let warm = 0; warm < 3; ++warm) for (let ms = time(); ms < burst; ms = time()) repeats *= 2;
    return { name, time, work: () => work * repeats, seen: [] };
  });
  for (let round = 0; round < rounds; ++round)
    for (const side of sides) side.seen.push(side.work() / side.time() / (G / 1e3));
  return Object.fromEntries(sides.map(({ name, seen }) => [name, median(seen)]));
}

const repeat = (call) => (repeats) => {
  for (let i = 0; i < repeats; ++i) call();
};

globalThis.onmessage = async ({ data: { build, depths, rows, columns, rounds } }) => {
  const wasm = await instantiate(build);
  const relaxed = build === 'simd-relaxed';
  const turns = 10_000;
  const peaks = {};
  const peakRuns = (kind, terms, name) => {
    // 0: the product and the addition apart, which one instruction for both cannot be
    for (const sums of name === 'int8 dot' ? [8, 10, 11, 12, 13] : [0, 8, 10, 11, 12, 13])
      peaks[`${name} ${sums}`] = {
        work: (sums || 8) * terms * 8 * turns,
        run: repeat(() => wasm.peak(kind, sums, turns)),
      };
  };
  peakRuns(0, 4, 'float32');
  peakRuns(1, 8, 'int16 dot');
  if (relaxed) {
    peakRuns(2, 16, 'int8 dot');
    peakRuns(3, 16, 'int8 pairs');
  }
  const all = rates(peaks, rounds);
  const peak = {};
  for (const [name, rate] of Object.entries(all)) {
    const kind = name.replace(/ \d+$/, '');
    peak[kind] = Math.max(peak[kind] ?? 0, rate);
  }
  const cases = [];
  for (const depth of depths)
    for (const count of rows) {
      const work = count * depth * columns;
      const result = { depth, rows: count };
      for (const [type, product, name] of [
        [0, 'float_product', 'float32'],
        [2, 'int8_product', 'int8'],
      ]) {
        if (wasm.prepare(type, count, depth, columns) !== 1) throw new Error('The kernels are out of memory.');
        const found = rates(
          { product: { work, run: repeat(() => wasm[product]()) }, layer: { work, run: repeat(() => wasm.layer()) } },
          rounds,
        );
        result[name] = found.product;
        result[`${name} layer`] = found.layer;
      }
      cases.push(result);
    }
  // The peaks once more: the ratio must not hang on one moment of the machine.
  for (const [name, rate] of Object.entries(rates(peaks, rounds))) {
    const kind = name.replace(/ \d+$/, '');
    peak[kind] = Math.max(peak[kind], rate);
  }
  postMessage({ peak, cases, all });
};
