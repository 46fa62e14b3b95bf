import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { sentences } from '../../js/error-codes.ts';
// @ts-expect-error plain JavaScript, without types
import { errorCodes, errorPage } from '../../tools/generate-error-codes.mjs';

it('the errors of TypeScript are those of C++', () => {
  expect(readFileSync(new URL('../../js/error-codes.ts', import.meta.url), 'utf8')).toBe(errorCodes());
  const list = readFileSync(new URL('../../src/error_codes.def', import.meta.url), 'utf8');
  expect(Object.keys(sentences)).toEqual([...list.matchAll(/^SQUEEZEBERT_ERROR\((\w+)/gm)].map(([, code]) => code));
});

it('the documentation has every error', () => {
  const page = readFileSync(new URL('../../docs/models.md', import.meta.url), 'utf8');
  expect(page).toBe(errorPage());
  for (const [code, sentence] of Object.entries(sentences)) expect(page).toContain(`| \`${code}\` | ${sentence} |`);
});
