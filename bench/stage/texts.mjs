// English texts: the project's own documents as sentences.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../tools/setup.mjs';

/** Sentences of four words and more, without code and markup. */
export function sentences() {
  const files = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)];
  const text = files
    .filter((name) => name.endsWith('.md'))
    .map((name) => readFileSync(join(root, name), 'utf8'))
    .join('\n')
    .replace(/```[\s\S]*?```/g, ' ')
    .replace(/\]\([^)]*\)/g, ' ')
    .replace(/[`*#|[\]{}<>_]/g, ' ')
    .replace(/\s+/g, ' ');
  return text
    .split(/(?<=[.:;?!]) /)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence.split(' ').length >= 4 && sentence.length < 300);
}
