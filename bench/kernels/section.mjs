// Products of the library against what the instruction they are made of can do at most, in both builds.

import { show } from '../../tools/run-build.mjs';
import { SetupError } from '../../tools/setup.mjs';
import { table } from '../stage/numbers.mjs';

export const title = 'Kernels: G multiply-adds a second, one thread, beside loops that only use registers';

const builds = ['simd', 'simd-relaxed'];

export async function run(bench) {
  for (const build of builds)
    if (!show('cmake', ['--build', '--preset', `wasm-${build}`, '--target', 'squeezebert-kernels']))
      throw new SetupError('The kernels of the bench do not build; the messages are above.');
  const result = {};
  const page = await bench.open();
  try {
    for (const build of builds)
      result[build] = await page.call('/bench/kernels/page.mjs', {
        build,
        depths: [192, 768],
        rows: bench.quick ? [8, 128] : [8, 32, 64, 128, 384],
        columns: 768,
        rounds: bench.quick ? 5 : 15,
      });
  } finally {
    await page.close();
  }
  return result;
}

/** What the int8 products of a build are made of; of two ways, the one that is faster on this machine. */
const int8Peak = (build, peak) =>
  build === 'simd-relaxed' ? Math.max(peak['int8 dot'], peak['int8 pairs']) : peak['int16 dot'];

export function report(result) {
  return builds.map((build) => {
    const { peak, cases } = result[build];
    const floats = peak.float32;
    const bytes = int8Peak(build, peak);
    const instruction = build === 'simd-relaxed' ? 'fused multiply-add' : 'multiply, then add';
    const head = `${build}: at most ${floats.toFixed(1)} in float32 (${instruction}), ${Object.entries(peak)
      .filter(([name]) => name !== 'float32')
      .map(([name, rate]) => `${rate.toFixed(1)} with the ${name} product`)
      .join(', ')}`;
    const percent = (value) => `${(100 * value).toFixed(0)} %`;
    return `${head}\n${table([
      ['depth', 'rows', 'float32', 'of peak', 'layer', 'int8', 'of peak', 'layer'],
      ...cases.map((row) => [
        row.depth,
        row.rows,
        row.float32,
        percent(row.float32 / floats),
        row['float32 layer'],
        row.int8,
        percent(row.int8 / bytes),
        row['int8 layer'],
      ]),
    ])}`;
  });
}
