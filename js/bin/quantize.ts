#!/usr/bin/env node
// `npx squeezebert-wasm quantize <source> <folder>`: the files of a model with small weights, to host oneself.
import { closeSync, existsSync, mkdirSync, openSync, realpathSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { EngineFiles, fetchFiles } from '../engine/files.ts';
import { savedModel } from '../engine/saved.ts';
import type { SyncSource } from '../engine/sync-source.ts';
import { isWeights } from '../engine/total-progress.ts';
import { bestBuild, loadEngine } from '../engine/wasm.ts';
import { env } from '../env.ts';
import { type ErrorCode, sentences } from '../error-codes.ts';
import { provideSentences, SqueezeBertError } from '../errors.ts';
import { requestOf } from '../load.ts';
import type { DataType, Progress } from '../operations.ts';
import { resolveSource } from '../sources.ts';

const usage = `usage: squeezebert-wasm quantize <source> <folder> [options]
  <source>            owner/name on the hub, the address of a folder, or a folder
  <folder>            where the files go; made where it is not there
  --dtype <type>      q8 (default), q4, fp16 or fp32
  --embeddings <type> another type for the word embeddings, which in small models are most of the file: q4
  --revision <name>   branch, tag or commit on the hub
  --token <token>     for models that are not public
  --hub <address>     another hub`;

provideSentences(sentences);

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

function show({ status, loaded, total, progress }: Progress): void {
  if (status !== 'progress_total' || !process.stderr.isTTY) return;
  const share = `${(progress ?? 0).toFixed(0)} %`;
  process.stderr.write(`\r${share} of ${megabytes(total ?? 0)}${loaded === total ? '\n' : ''}`);
}

/** Under another name until it is whole. */
function write(path: string, parts: Iterable<Uint8Array>): void {
  const temporary = `${path}.${process.pid}`;
  try {
    const file = openSync(temporary, 'w');
    try {
      for (const part of parts)
        for (let done = 0; done < part.length; ) done += writeSync(file, part, done, part.length - done);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new SqueezeBertError('FILE_WRITE', path, error);
  }
}

function content(name: string, source: SyncSource | null): Uint8Array {
  const bytes = new Uint8Array(source?.size ?? 0);
  if (!source?.read(0, bytes)) throw new SqueezeBertError('FILE_READ', name);
  return bytes;
}

interface Options {
  dtype: DataType;
  embeddings?: DataType | undefined;
  revision?: string | undefined;
  token?: string | undefined;
}

async function quantize(from: string, to: string, { dtype, embeddings, revision, token }: Options): Promise<void> {
  if (existsSync(from) && existsSync(to) && realpathSync(from) === realpathSync(to))
    throw new SqueezeBertError('INVALID_ARGUMENT', 'the new folder is the old one');
  const files = new EngineFiles();
  const tokenizer = new EngineFiles();
  try {
    const request = requestOf(
      await resolveSource(from, revision),
      { tokenizer: false, model: true, head: 'none' },
      { dtype, token },
    );
    await fetchFiles(request, { onProgress: show }, files);
    let without = false;
    // Some checkpoints have no tokenizer beside them.
    await fetchFiles({ ...request, tokenizer: true, model: false }, {}, tokenizer).catch((error: SqueezeBertError) => {
      if (error.code !== 'FILE_NOT_FOUND') throw error;
      // what had been opened by then is closed
      without = true;
      console.error('No tokenizer there: only the model is written.');
    });
    const { module: engine } = await loadEngine(undefined, bestBuild());
    const model = engine.loadModel(0, files, '', embeddings ? `${dtype} ${embeddings}` : dtype, -1);
    if ('error' in model) throw new SqueezeBertError(model.error.code as ErrorCode, model.error.detail);
    const saved = savedModel(engine, model.handle);
    if (!saved) throw new SqueezeBertError('INTERNAL', 'the model is gone');
    const small = (name: string) => !isWeights(name) && !name.endsWith('.index.json');
    const contents = (without ? [files] : [tokenizer, files]).flatMap((set) =>
      set.names.filter(small).map((name) => [name, content(name, set.open(name))] as const),
    );
    mkdirSync(to, { recursive: true });
    for (const [name, bytes] of contents) {
      mkdirSync(dirname(join(to, name)), { recursive: true });
      write(join(to, name), [bytes]);
    }
    write(join(to, 'model.safetensors'), saved.parts);
    const names = [...contents.map(([name]) => name), 'model.safetensors'];
    const types = embeddings ? `${dtype}, word embeddings as ${embeddings}` : dtype;
    console.log(`${to}: ${names.join(', ')}; weights as ${types}, ${megabytes(saved.size)}`);
  } finally {
    tokenizer.close();
    files.close();
  }
}

function misuse(what: string): void {
  console.error(`squeezebert-wasm: ${what}\n${usage}`);
  process.exitCode = 2;
}

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const options = {
    dtype: text,
    embeddings: text,
    revision: text,
    token: text,
    hub: text,
    help: { type: 'boolean' },
  } as const;
  let parsed: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return misuse((error as Error).message);
  }
  const { values, positionals } = parsed;
  const [command, from, to, ...more] = positionals;
  if (values.help) return console.log(usage);
  if (command !== 'quantize' || !from || !to || more.length > 0) return misuse('quantize takes a source and a folder');
  const { embeddings, revision, token, dtype = 'q8' } = values;
  const unknown = [dtype, embeddings ?? dtype].find((type) => !['fp32', 'fp16', 'q8', 'q4'].includes(type));
  if (unknown !== undefined) return misuse(`'${unknown}' is no dtype`);
  if (values.hub) env.hub = values.hub.replace(/\/$/, '');
  try {
    await quantize(from, to, { dtype: dtype as DataType, embeddings: embeddings as DataType, revision, token });
  } catch (error) {
    console.error(`squeezebert-wasm: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}

await main();
