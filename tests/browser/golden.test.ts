// Every golden model in the browser, through the worker.
import { describe, expect, it } from 'vitest';
import type * as Package from '../../js/api.ts';
import { differences, modelDirectories, parseGolden } from '../shared/golden.ts';

const library = (await import('/dist/index.js' as string)) as typeof Package;

async function modelsOf(folder: string) {
  const index = await fetch(`${folder}index.json`);
  return index.ok ? modelDirectories(parseGolden(await index.text())).map((name) => ({ folder, name })) : [];
}
const shared = await modelsOf('/golden/');
const models = [...shared, ...(await modelsOf('/fixtures/golden/'))]; // the optional fields of config.json

it.skipIf(shared.length > 0)('golden models: skipped, ../shared/golden is not there', () => {});

describe('golden models', () => {
  it.each(models)('$name', async ({ folder, name: directory }) => {
    const cases = parseGolden(await (await fetch(`${folder}${directory}/cases.json`)).text());
    const found = await differences(library, `${folder}${directory}/`, cases);
    expect(found.length).toBeGreaterThan(0);
    for (const { case: name, output, shape, expectedShape, largest } of found) {
      expect(shape, `${name} ${output}`).toEqual(expectedShape);
      expect(largest, `${name} ${output}`).toBeLessThanOrEqual(5e-5);
    }
  });
});
