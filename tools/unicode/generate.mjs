// Writes src/tokenizer/unicode_tables.inc: what BERT's normaliser and pre-tokenizer ask about code points.
//
// Decomposition and lower case are Node's own Unicode data. The reference (Hugging Face tokenizers 0.23) mixes data of
// several Unicode versions - categories of the year 2015, lower case of today - so which marks it drops, what it takes
// for punctuation and white space, and where its mapping differs from Node's are facts of its own, read from
// ../shared/golden/tokenizer/normalizer-unicode.json, where they were measured over every code point.
// node tools/unicode/generate.mjs
import { readFileSync, writeFileSync } from 'node:fs';

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
const hex = (c) => `0x${c.toString(16)}`;
const wrap = (items) => items.join(', ').replace(/(.{1,112})(?: |$)/g, '  $1\n');
const rangeTable = (name, list) =>
  `constexpr Range ${name}[] = {\n${wrap(ranges(list).map(([a, b]) => `{${hex(a)}, ${hex(b)}}`))}};\n`;
const runTable = (name, map) =>
  `constexpr Run ${name}[] = {\n${wrap(runs(single(map)).map((r) => `{${hex(r.first)}, ${hex(r.last)}, ${r.delta}, ${r.step || 1}}`))}};\n`;
// Scattered one-to-one targets as pairs of 16 bits where they fit.
const scattered = (name, map) => {
  const all = [...single(map)].sort((a, b) => a[0] - b[0]);
  const small = all.filter(([c, t]) => c < 0x10000 && t.codePointAt(0) < 0x10000);
  const large = all.filter(([c, t]) => !(c < 0x10000 && t.codePointAt(0) < 0x10000));
  return (
    `constexpr Pair16 ${name}16[] = {\n${wrap(small.map(([c, t]) => `{${hex(c)}, ${hex(t.codePointAt(0))}}`))}};\n` +
    `constexpr Pair32 ${name}32[] = {\n${wrap(large.map(([c, t]) => `{${hex(c)}, ${hex(t.codePointAt(0))}}`))}};\n`
  );
};
const manyTable = (name, map) =>
  `constexpr Several ${name}[] = {\n${wrap(
    several(map).map(([c, t]) => {
      const targets = [...t].map((x) => hex(x.codePointAt(0)));
      if (targets.length > 3) throw new Error(`U+${c.toString(16)} has ${targets.length} targets`);
      return `{${hex(c)}, ${targets.length}, {${targets.join(', ')}}}`;
    }),
  )}};\n`;

writeFileSync(
  new URL('../../src/tokenizer/unicode_tables.inc', import.meta.url),
  `// Generated by tools/unicode/generate.mjs. Do not edit.

// Removed by clean_text: NUL, U+FFFD, controls, format characters, private use.
${rangeTable('kControls', control)}
// Non-spacing marks as the reference knows them: removed with the accents.
${rangeTable('kMarks', marks)}
// Turned into a space by clean_text.
${rangeTable('kSpaces', [...toSpace])}
// Set apart by spaces: CJK ideographs.
${rangeTable('kIdeographs', spaced)}
// The pre-tokenizer's white space and punctuation.
${rangeTable('kWhiteSpace', [...set(golden.split_whitespace)])}
${rangeTable('kPunctuation', [...set(golden.split_punctuation)])}
// Canonical decomposition less its marks (Hangul syllables are computed).
${scattered('kStripped', strip)}
${manyTable('kStrippedSeveral', strip)}
// Lower case beyond ASCII.
${runTable('kLower', lower)}
${manyTable('kLowerSeveral', lower)}`,
);
console.log(
  `${control.length} controls, ${marks.length} marks, ${strip.size} decompositions, ${lower.size} lower-case letters, ${exceptions} exceptions`,
);
