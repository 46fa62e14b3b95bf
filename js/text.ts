import { invalid } from './errors.ts';

/**
 * UTF-16 units that one call may tokenize at once. Every token takes some 60 bytes of the engine's 4 GB, which must not run
 * out: 16 million units, the length of ten long novels, take 1 GB at worst.
 */
export const mostUnits = 1 << 24;

/** Errors: INVALID_ARGUMENT for what is no string, and for more text than one call may have. */
export function checkText(value: unknown, name: string): string {
  if (typeof value !== 'string')
    throw invalid(`${name} must be a string, not ${value === null ? 'null' : typeof value}`);
  if (value.length > mostUnits) throw invalid(`${name} has ${value.length} characters; the most are ${mostUnits}`);
  return value;
}

/** One or several strings as a list. Errors: as `checkText`. */
export function checkTexts(value: string | readonly string[], name = 'text'): string[] {
  const list: unknown = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(list)) throw invalid(`${name} must be a string or an array of strings`);
  let units = 0;
  for (const item of list) units += checkText(item, name).length;
  if (units > mostUnits) throw invalid(`${units} characters in one call; the most are ${mostUnits}`);
  return list;
}
