// Seeded random strings: mixed scripts, emoji, controls, white space, special tokens.

const ranges: readonly (readonly [number, number])[] = [
  [0x20, 0x7e],
  [0x61, 0x7a],
  [0xa0, 0xff],
  [0x100, 0x24f],
  [0x250, 0x2af],
  [0x300, 0x36f],
  [0x370, 0x3ff],
  [0x400, 0x52f],
  [0x530, 0x58f],
  [0x590, 0x5ff],
  [0x600, 0x6ff],
  [0x900, 0x97f],
  [0x980, 0x9ff],
  [0xb80, 0xbff],
  [0xe00, 0xe7f],
  [0x10a0, 0x10ff],
  [0x1100, 0x11ff],
  [0x1e00, 0x1eff],
  [0x1f00, 0x1fff],
  [0x2000, 0x206f],
  [0x2070, 0x218f],
  [0x2190, 0x27ff],
  [0x3000, 0x30ff],
  [0x3130, 0x318f],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
  [0xe000, 0xf8ff],
  [0xf900, 0xfaff],
  [0xfb00, 0xfdff],
  [0xfe00, 0xffef],
  [0x10000, 0x1ffff],
  [0x1d400, 0x1d7ff],
  [0x1f300, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x2a6df],
  [0xe0000, 0xe007f],
];

const pieces = [
  '[MASK]',
  '[SEP]',
  '[CLS]',
  '[UNK]',
  '[PAD]',
  '[mask]',
  '[MASK',
  "don't",
  "n't",
  '##ing',
  '\u200d',
  '\ufe0f',
  '👩‍👩‍👧',
  '👍🏽',
  '🇩🇪',
  '...',
  '  ',
  '\t',
  '\r\n',
  '\u0000',
  '\ufffd',
  '\u00ad',
  'ﬁ',
  'ß',
  'İ',
  'ǅ',
  'e\u0301',
  '\u3000',
  '\u2028',
  'http://a.b/c?d=e#f',
  '3.14',
  '1,000',
  'A.B.',
  '@user',
  '中文',
  '한국어',
  'العربية',
  'हिन्दी',
];

/** A string of some words; `words` are mixed in. */
export function randomText(next: () => number, words: readonly string[]): string {
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(next() * items.length)] as Item;
  const parts: string[] = [];
  for (let count = Math.floor(next() * 12); count >= 0; --count) {
    const kind = next();
    if (kind < 0.3) {
      parts.push(pick(words));
    } else if (kind < 0.45) {
      parts.push(pick(pieces));
    } else if (kind < 0.95) {
      const [first, last] = pick(ranges);
      for (let length = 1 + Math.floor(next() * 8); length > 0; --length)
        parts.push(String.fromCodePoint(first + Math.floor(next() * (last - first + 1))));
    } else {
      const code = Math.floor(next() * 0x110000);
      parts.push(code >= 0xd800 && code < 0xe000 ? 'x' : String.fromCodePoint(code));
    }
    if (next() < 0.6) parts.push(' ');
  }
  return parts.join('');
}
