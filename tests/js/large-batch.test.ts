// Addresses of WebAssembly have 32 bits, and the sizes of a batch's outputs can have more.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type * as Package from '../../js/api.ts';

const engine = (await import('../../dist/engine.js' as string)) as typeof Package;
const folder = fileURLToPath(new URL('../../../shared/golden/squeezebert-g4-gelu-token5', import.meta.url));
const there = existsSync(folder);

it.skipIf(there)('large batches: skipped, ../shared/golden is not there', () => {});

describe.skipIf(!there)('a batch whose attentions 32 bits cannot count', () => {
  // 2 layers x 4 heads x 48 x 48 x 233017 sequences are 2^32 + 2048 numbers: wrapped round, 2048, and the first
  // sequence alone would write past the end of such a buffer.
  it('is OUT_OF_MEMORY, and the model works on', async () => {
    const model = await engine.AutoModelForTokenClassification.from_pretrained(folder);
    const small = () => model({ input_ids: [[5, 6, 7]] }, { output_attentions: true });
    const before = await small();
    const dims = [233017, 48];
    const data = new Int32Array(233017 * 48).fill(5);
    const large = model({ input_ids: new engine.Tensor(data, dims) }, { output_attentions: true });
    await expect(large).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
    const after = await small();
    expect(after.logits?.data).toEqual(before.logits?.data);
    expect(after.attentions?.dims).toEqual([2, 1, 4, 3, 3]);
    await model.dispose();
  }, 60_000);
});
