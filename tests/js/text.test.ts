// How much text one call takes.
import { expect, it } from 'vitest';
import type * as Package from '../../js/api.ts';

const { AutoTokenizer, pipeline } = (await import('../../dist/engine.js' as string)) as typeof Package;
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: Package.SqueezeBertError) => error.code,
  );

it('a text, or a batch, that would not fit into memory is refused: INVALID_ARGUMENT', async () => {
  const classify = await pipeline('sentiment-analysis');
  const tokenizer = await AutoTokenizer.from_pretrained(new URL('../../models/sentiment-en', import.meta.url));
  const huge = 'a'.repeat((1 << 24) + 1);
  expect(await code(classify(huge))).toBe('INVALID_ARGUMENT');
  expect(await code(classify({ text: 'a', text_pair: huge }))).toBe('INVALID_ARGUMENT');
  expect(await code(tokenizer(huge))).toBe('INVALID_ARGUMENT');
  expect(await code(tokenizer(new Array(17).fill('a'.repeat(1 << 20)), { padding: true }))).toBe('INVALID_ARGUMENT');
  expect(await code(tokenizer.normalize(huge))).toBe('INVALID_ARGUMENT');
  expect((await tokenizer('a'.repeat(1 << 24))).input_ids.dims).toEqual([1, 3]);
  expect((await classify('I love it'))[0]?.label).toBe('POSITIVE');
  await classify.dispose();
  await tokenizer.dispose();
});
