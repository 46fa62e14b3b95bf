import { describe, expect, it } from 'vitest';
import { sentences } from '../../demo/src/sentences.ts';

describe('sentences', () => {
  it.each([
    ['', []],
    [' \n \t\n', []],
    ['One.', [['One.']]],
    ['One. Two? Three', [['One.', 'Two?', 'Three']]],
    ['A line\nand another\r\nand a third', [['A line'], ['and another'], ['and a third']]],
    // what has no word belongs to the sentence before it; alone it stands alone
    ['He said so. "!" Really.', [['He said so. "!"', 'Really.']]],
    ['?!', [['?!']]],
    ['Well. 😀 Fine.', [['Well.', '😀 Fine.']]],
    ['他很好。我不喜欢。', [['他很好。', '我不喜欢。']]],
    ['a\ud800. B', [['a\ud800.', 'B']]],
  ])('%j', async (text, expected) => {
    expect(await sentences(text)).toEqual(expected);
  });

  it('a very long line is shown in several blocks', async () => {
    const blocks = await sentences('So it goes. '.repeat(100));
    expect(blocks.map((block) => block.length)).toEqual([40, 40, 20]);
  });

  it('the same lines again, changed, and again', async () => {
    expect(await sentences('One.\nTwo.')).toEqual([['One.'], ['Two.']]);
    expect(await sentences('One.\nTwo. Three.')).toEqual([['One.'], ['Two.', 'Three.']]);
    expect(await sentences('Two.')).toEqual([['Two.']]);
  });
});
