// Every golden model in Node, on both WebAssembly builds.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type * as Package from '../../js/api.ts';
import { differences, modelDirectories, parseGolden } from '../shared/golden.ts';

const engine = (await import('../../dist/engine.js' as string)) as typeof Package;
const folders = [
  fileURLToPath(new URL('../../../shared/golden', import.meta.url)),
  fileURLToPath(new URL('../fixtures/golden', import.meta.url)), // the optional fields of config.json
];
const there = existsSync(folders[0] as string);
const models = folders.flatMap((folder) =>
  existsSync(folder)
    ? modelDirectories(parseGolden(readFileSync(`${folder}/index.json`, 'utf8'))).map((name) => ({ folder, name }))
    : [],
);

afterEach(() => {
  engine.env.build = undefined;
});

it.skipIf(there)('golden models: skipped, ../shared/golden is not there', () => {});

describe.each(['simd', 'simd-relaxed'] as const)('build %s', (build) => {
  it.each(models)('$name', async ({ folder, name: directory }) => {
    engine.env.build = build;
    const cases = parseGolden(readFileSync(`${folder}/${directory}/cases.json`, 'utf8'));
    const found = await differences(engine, `${folder}/${directory}`, cases);
    expect(found.length).toBeGreaterThan(0);
    for (const { case: name, output, shape, expectedShape, largest } of found) {
      expect(shape, `${name} ${output}`).toEqual(expectedShape);
      expect(largest, `${name} ${output}`).toBeLessThanOrEqual(5e-5);
    }
  });
});
