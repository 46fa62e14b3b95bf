// Every golden model in the browser, through the worker.
import { describe, expect, it } from 'vitest';
import type * as Package from '../../js/api.ts';
import { differences, modelDirectories, parseGolden } from '../shared/golden.ts';

const library = (await import('/dist/index.js' as string)) as typeof Package;
const index = await fetch('/golden/index.json');
const directories = index.ok ? modelDirectories(parseGolden(await index.text())) : [];

it.skipIf(index.ok)('golden models: skipped, ../shared/golden is not there', () => {});

describe.skipIf(!index.ok)('golden models', () => {
  it.each(directories)('%s', async (directory) => {
    const cases = parseGolden(await (await fetch(`/golden/${directory}/cases.json`)).text());
    const found = await differences(library, `/golden/${directory}/`, cases);
    expect(found.length).toBeGreaterThan(0);
    for (const { case: name, output, shape, expectedShape, largest } of found) {
      expect(shape, `${name} ${output}`).toEqual(expectedShape);
      expect(largest, `${name} ${output}`).toBeLessThanOrEqual(5e-5);
    }
  });
});
