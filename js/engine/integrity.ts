// SHA-256 of a file, as the hub shows it (hex) or as in a script's `integrity` (sha256-, then base64).
import { SqueezeBertError } from '../errors.ts';

/** Errors: INTEGRITY; also where this page has no SHA-256. The file is read into memory for it. */
export async function checkIntegrity(data: Blob | BufferSource, expected: string, name: string): Promise<void> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) throw new SqueezeBertError('INTEGRITY', `${name}: only pages of https and of localhost have SHA-256`);
  const digest = new Uint8Array(await subtle.digest('SHA-256', data instanceof Blob ? await data.arrayBuffer() : data));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const base64 = `sha256-${btoa(String.fromCharCode(...digest))}`;
  if (expected.toLowerCase() !== hex && expected !== base64)
    throw new SqueezeBertError('INTEGRITY', `${name} has ${hex}, not ${expected}`);
}
