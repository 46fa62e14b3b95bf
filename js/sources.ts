// What a caller may name as a model, turned into files that the engine fetches or reads.
import { refuseHtml, statusError } from './engine/download.ts';
import { env } from './env.ts';
import { invalid, SqueezeBertError } from './errors.ts';
import { isNode, nodeModule } from './node.ts';
import type { FileSpec, FilesSpec } from './operations.ts';

/** One file: its content, a response that brings it, or its address. */
export type FileLike = Blob | ArrayBuffer | Uint8Array | Response | URL | string;

/**
 * A model: `owner/name` on the hub; the address of a folder; files picked by the user; a map from file names
 * (`config.json`, `model.safetensors`, `vocab.txt` or `tokenizer.json`, `tokenizer_config.json`) to files; in Node the path
 * of a folder.
 */
export type ModelSource = string | URL | readonly File[] | FileList | Record<string, FileLike> | Map<string, FileLike>;

/** What relative addresses are relative to; nothing in Node. */
export const base = () => globalThis.document?.baseURI ?? globalThis.location?.href;

/** The address of a folder, with a slash at its end. */
function folderUrl(url: URL): string {
  const folder = new URL(url);
  if (!folder.pathname.endsWith('/')) folder.pathname += '/';
  return folder.href;
}

function absolute(url: string | URL): string {
  try {
    return new URL(url, base()).href;
  } catch {
    throw invalid(`'${url}' is not an address`);
  }
}

async function fileSpec(name: string, file: FileLike): Promise<FileSpec> {
  if (file instanceof Blob || file instanceof Uint8Array) return file;
  if (file instanceof ArrayBuffer) return new Uint8Array(file);
  if (typeof Response !== 'undefined' && file instanceof Response) {
    const url = file.url || name;
    if (!file.ok) throw statusError(file.status, url);
    const blob = await file.blob().catch((error) => {
      throw new SqueezeBertError('NETWORK', url, error);
    });
    await refuseHtml(blob, url);
    return blob;
  }
  if (typeof file === 'string' && isNode() && !/^[a-z][\w+.-]+:/i.test(file)) return { path: file };
  if (typeof file === 'string' || file instanceof URL) return { url: absolute(file) };
  throw invalid(`the file '${name}' is neither a Blob, a buffer, a Response nor an address`);
}

function fromString(source: string, revision: string): FilesSpec {
  if (source === '') throw invalid('the name of the model is empty');
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(source)) return { files: {}, folder: folderUrl(new URL(absolute(source))) };
  if (isNode()) {
    if (/^(\.{0,2}\/|[a-z]:[\\/])/i.test(source) || nodeModule('node:fs').existsSync(source))
      return { files: {}, directory: source };
  }
  if (/^\.{0,2}\//.test(source)) return { files: {}, folder: folderUrl(new URL(absolute(source))) };
  if (!/^[\w.-]+(\/[\w.-]+)?$/.test(source))
    throw invalid(`'${source}' is neither an address, a folder nor the name of a model on the hub`);
  return { name: source, files: {}, folder: `${env.hub}/${source}/resolve/${encodeURIComponent(revision)}/` };
}

/** Their names, without the folders that all of them lie in. */
function picked(files: File[]): [string, File][] {
  let names = files.map((file) => file.webkitRelativePath || file.name);
  for (;;) {
    const folder = names[0]?.slice(0, names[0].indexOf('/') + 1);
    if (!folder || !names.every((name) => name.startsWith(folder))) break;
    names = names.map((name) => name.slice(folder.length));
  }
  return files.map((file, index) => [names[index] as string, file]);
}

/** Errors: INVALID_ARGUMENT for what is none of them; those of a download for a response that brings no file. */
export async function resolveSource(source: ModelSource, revision = 'main'): Promise<FilesSpec> {
  if (typeof source === 'string') return fromString(source, revision);
  if (source instanceof URL) return { files: {}, folder: folderUrl(source) };
  if (source === null || typeof source !== 'object') throw invalid('the model is neither a name, an address nor files');
  const isList = Array.isArray(source) || (typeof FileList !== 'undefined' && source instanceof FileList);
  const entries: [string, FileLike][] = isList
    ? picked(Array.from(source as ArrayLike<File>))
    : source instanceof Map
      ? [...source]
      : Object.entries(source as Record<string, FileLike>);
  const files: Record<string, FileSpec> = {};
  for (const [name, file] of entries) files[name] = await fileSpec(name, file);
  return { files };
}
