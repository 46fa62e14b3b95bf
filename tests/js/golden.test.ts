// Every golden model in Node, on both WebAssembly builds.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type * as Package from '../../js/api.ts';
import { differences, modelDirectories, parseGolden } from '../shared/golden.ts';

const engine = (await import('../../dist/engine.js' as string)) as typeof Package;
const golden = fileURLToPath(new URL('../../../shared/golden', import.meta.url));
const there = existsSync(golden);
const directories = there ? modelDirectories(parseGolden(readFileSync(`${golden}/index.json`, 'utf8'))) : [];

afterEach(() => {
  engine.env.build = undefined;
});

it.skipIf(there)('golden models: skipped, ../shared/golden is not there', () => {});

describe.skipIf(!there).each(['simd', 'simd-relaxed'] as const)('build %s', (build) => {
  it.each(directories)('%s', async (directory) => {
    engine.env.build = build;
    const cases = parseGolden(readFileSync(`${golden}/${directory}/cases.json`, 'utf8'));
    const found = await differences(engine, `${golden}/${directory}`, cases);
    expect(found.length).toBeGreaterThan(0);
    for (const { case: name, output, shape, expectedShape, largest } of found) {
      expect(shape, `${name} ${output}`).toEqual(expectedShape);
      expect(largest, `${name} ${output}`).toBeLessThanOrEqual(5e-5);
    }
  });
});
