// Writes src/tokenizer/unicode_tables.inc: what the normaliser and the pre-tokenizers ask about code points.
//
// Decomposition and lower case are Node's own Unicode data. The reference (Hugging Face tokenizers 0.23) mixes data of
// several Unicode versions - categories of the year 2015, lower case of today - so which marks it drops, what it takes
// for punctuation and white space, and where its mapping differs from Node's are facts of its own, read from
// ../shared/golden/tokenizer/normalizer-unicode.json, where they were measured over every code point. Its letters and
// numbers (\p{L}, \p{N} of the byte-level pre-tokenizer) are of yet another version; the npm package `tokenizers` is asked.
//
// The tables are written as one row of bytes: numbers of seven bits a byte, the lowest first, each code point as its
// distance from the one before. Half the download of arrays.
// node tools/unicode/generate.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const golden = JSON.parse(
  readFileSync(new URL('../../../shared/golden/tokenizer/normalizer-unicode.json', import.meta.url), 'utf8'),
);
const set = (ranges) => {
  const out = new Set();
  for (const [first, last] of ranges) for (let c = first; c <= last; ++c) out.add(c);
  return out;
};
const removed = set(golden.removed);
const toSpace = set(golden.to_space);
const spaced = set(golden.cjk_spaced);
const mapped = new Map(golden.mapped);
// Ideographs that are also mapped stand in the other list, with the spaces around them.
for (const [c, text] of mapped) if (/^ .+ $/u.test(text)) spaced.add(c);

// clean_text removes NUL, U+FFFD and the categories Cc and Cf (Co too); what else the reference removes are the marks it strips.
const isControl = (c) => c === 0 || c === 0xfffd || /^[\p{Cc}\p{Cf}\p{Co}]$/u.test(String.fromCodePoint(c));
const control = [],
  marks = [],
  strip = new Map(),
  lower = new Map();
for (let c = 0; c < 0x110000; ++c) {
  if (c >= 0xd800 && c < 0xe000) continue;
  if (removed.has(c)) (isControl(c) ? control : marks).push(c);
}
const isMark = new Set(marks);
const lowered = (c) => {
  const text = String.fromCodePoint(c);
  const now = text.toLowerCase();
  // Lower case that Node's data does not know yet: the reference says. (What decomposes is mapped for its accents instead.)
  const plain = text.normalize('NFD') === text && !spaced.has(c);
  return now === text && plain ? (mapped.get(c) ?? now) : now;
};
let exceptions = 0;
for (let c = 0; c < 0x110000; ++c) {
  if ((c >= 0xd800 && c < 0xe000) || (c >= 0xac00 && c <= 0xd7a3)) continue;
  const text = String.fromCodePoint(c);
  if (removed.has(c)) continue;
  let stripped = [...text.normalize('NFD')].filter((x) => !isMark.has(x.codePointAt(0))).join('');
  const want = mapped.get(c) ?? text;
  const wantBare = spaced.has(c) ? want.trim() : want;
  const full = (s) => [...s].map((x) => lowered(x.codePointAt(0))).join('');
  if (full(stripped) !== wantBare && !toSpace.has(c)) {
    if (full(text) === wantBare)
      stripped = text; // a decomposition that the reference does not know
    else if (full(wantBare) === wantBare) {
      stripped = wantBare;
    }
    exceptions += 1;
    if (full(stripped) !== wantBare)
      throw new Error(
        `U+${c.toString(16)}: ${JSON.stringify(full(stripped))}, the reference has ${JSON.stringify(wantBare)}`,
      );
    console.log(`exception U+${c.toString(16)}: ${JSON.stringify(wantBare)}`);
  }
  if (stripped !== text) strip.set(c, stripped);
  const l = lowered(c);
  if (l !== text && c > 127) lower.set(c, l);
}

const ranges = (list) => {
  const out = [];
  for (const c of [...list].sort((a, b) => a - b)) {
    if (out.length && out.at(-1)[1] === c - 1) out.at(-1)[1] = c;
    else out.push([c, c]);
  }
  return out;
};
// Runs of code points with one distance to their targets, one or two apart (capital and small letters by turns).
const runs = (map) => {
  const out = [];
  for (const [from, text] of [...map].sort((a, b) => a[0] - b[0])) {
    const to = text.codePointAt(0),
      last = out.at(-1);
    if (
      last &&
      to - from === last.delta &&
      (from - last.last === 1 || from - last.last === 2) &&
      (last.step === 0 || last.step === from - last.last)
    ) {
      last.step = from - last.last;
      last.last = from;
    } else out.push({ first: from, last: from, step: 0, delta: to - from });
  }
  return out;
};
const single = (map) => new Map([...map].filter(([, t]) => [...t].length === 1));
const several = (map) => [...map].filter(([, t]) => [...t].length !== 1).sort((a, b) => a[0] - b[0]);
// What the byte-level pre-tokenizer joins to a letter, and to a digit.
const { byteLevelPreTokenizer } = createRequire(import.meta.url)('tokenizers');
const byteLevel = byteLevelPreTokenizer(false);
const joined = (first) => {
  const out = [];
  for (let c = 0; c < 0x110000; ++c) {
    if (c >= 0xd800 && c < 0xe000) continue;
    if (byteLevel.preTokenizeString(first + String.fromCodePoint(c)).length === 1) out.push(c);
  }
  return out;
};

// The encoders; their readers stand in src/tokenizer/unicode.cpp.
const varint = (value) => {
  const out = [];
  for (; value >= 128; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  return [...out, value];
};
const signed = (value) => (value < 0 ? -2 * value - 1 : 2 * value);
/** Each number's distance from the one before; the first's from zero. */
const distances = (values) => values.map((value, index) => value - (values[index - 1] ?? 0));
const rangeTable = (list) => {
  const found = ranges(list);
  let end = 0;
  const numbers = found.flatMap(([first, last]) => {
    const row = [first - end, last - first];
    end = last;
    return row;
  });
  return [found.length, ...numbers];
};
const pairTable = (map) => {
  const rows = [...single(map)].sort((a, b) => a[0] - b[0]);
  const targets = rows.map(([, text]) => text.codePointAt(0));
  return [rows.length, ...distances(rows.map(([from]) => from)), ...distances(targets).map(signed)];
};
const runTable = (map) => {
  const rows = runs(single(map));
  let end = 0;
  const numbers = rows.flatMap(({ first, last, delta, step }) => {
    const row = [first - end, last - first, signed(delta) * 2 + (step === 2 ? 1 : 0)];
    end = last;
    return row;
  });
  return [rows.length, ...numbers];
};
const severalTable = (map) => {
  const rows = several(map);
  const starts = distances(rows.map(([from]) => from));
  const numbers = rows.flatMap(([from, text], index) => {
    const targets = [...text].map((x) => x.codePointAt(0));
    if (targets.length > 3) throw new Error(`U+${from.toString(16)} has ${targets.length} targets`);
    return [starts[index], targets.length, ...targets];
  });
  return [rows.length, ...numbers];
};

// In the order in which unicode.cpp reads them.
const tables = {
  'removed by clean_text: NUL, U+FFFD, controls, format characters, private use': rangeTable(control),
  'non-spacing marks as the reference knows them, removed with the accents': rangeTable(marks),
  'turned into a space by clean_text': rangeTable([...toSpace]),
  'ideographs, set apart by spaces': rangeTable(spaced),
  'white space': rangeTable([...set(golden.split_whitespace)]),
  punctuation: rangeTable([...set(golden.split_punctuation)]),
  'letters of the byte-level pre-tokenizer': rangeTable(joined('a')),
  'its numbers': rangeTable(joined('1')),
  'canonical decomposition less its marks (Hangul syllables are computed)': pairTable(strip),
  'the same, to several code points': severalTable(strip),
  'lower case beyond ASCII': runTable(lower),
  'the same, to several code points ': severalTable(lower),
};
const wrap = (items) => items.join(', ').replace(/(.{1,116})(?: |$)/g, '  $1\n');
let text = '// Generated by tools/unicode/generate.mjs. Do not edit.\nconstexpr uint8_t kTables[] = {\n';
for (const [name, numbers] of Object.entries(tables))
  text += `  // ${name.trim()}\n${wrap(numbers.flatMap(varint)).trimEnd()},\n`;
writeFileSync(new URL('../../src/tokenizer/unicode_tables.inc', import.meta.url), `${text}};\n`);
console.log(
  `${control.length} controls, ${marks.length} marks, ${strip.size} decompositions, ${lower.size} lower-case letters, ${exceptions} exceptions`,
);
