// The engine in this thread: what the worker runs, and what Node and workers of your own use directly.

import { listEntries, removeEntries } from '../cache/entries.ts';
import { openStore } from '../cache/store.ts';
import type { ErrorCode } from '../error-codes.ts';
import { SqueezeBertError, throwIfAborted, toError } from '../errors.ts';
import type {
  Backend,
  CallOptions,
  ModelInfo,
  OperationName,
  Operations,
  Request,
  Result,
  TokenizerInfo,
} from '../operations.ts';
import { CachedLoad } from './cached-load.ts';
import type { Follow } from './download.ts';
import { EngineFiles, fetchFiles, nameOf, weightsFile } from './files.ts';
import type { StartHelper } from './helpers.ts';
import { savedModel } from './saved.ts';
import { sentenceSettings } from './sentence.ts';
import type { SyncSource } from './sync-source.ts';
import { bestBuild, type Engine, type EngineModule, loadEngine } from './wasm.ts';

type Answer<Value> = Value | { error: { code: string; detail: string } };

/** The value, or the engine's error thrown. */
function unwrap<Value extends object>(answer: Answer<Value>): Value {
  if ('error' in answer) throw new SqueezeBertError(answer.error.code as ErrorCode, answer.error.detail);
  return answer;
}

/** Lets events in - messages, rendering - that wait meanwhile. Timers would wait 4 ms. */
const breathe = () =>
  new Promise<void>((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });

const lengthsOf = (texts: readonly string[]) => Int32Array.from(texts, ({ length }) => length);

type Handlers = {
  [Name in OperationName]: (
    request: Request<Name>,
    options: CallOptions,
  ) => Promise<Operations[Name]['result']> | Operations[Name]['result'];
};

export class LocalBackend implements Backend {
  private starting: Promise<Engine> | undefined;
  private started: Engine | undefined;
  private over: SqueezeBertError | undefined;

  /** Without `startHelper` it is one thread. */
  constructor(private readonly startHelper?: StartHelper) {}

  get ended(): boolean {
    return this.over !== undefined;
  }

  async call<Name extends OperationName>(
    name: Name,
    request: Request<Name>,
    options: CallOptions = {},
  ): Promise<Result<Name>> {
    try {
      throwIfAborted(options.signal);
      return await this.handlers[name](request, options);
    } catch (error) {
      const known = toError(error);
      // A trap leaves the engine's memory in a state that nobody knows.
      if (error instanceof WebAssembly.RuntimeError) this.end(known);
      throw known;
    }
  }

  close(): void {
    this.end(new SqueezeBertError('DISPOSED'));
  }

  private end(reason: SqueezeBertError): void {
    this.over ??= reason;
    this.started?.end();
    this.started = undefined;
  }

  private get engine(): EngineModule {
    if (this.over) throw this.over;
    if (!this.started) throw new SqueezeBertError('INTERNAL', 'the engine has not been started');
    return this.started.module;
  }

  private readonly handlers: Handlers = {
    start: async ({ wasm, build, threads }) => {
      const best = build ?? bestBuild();
      this.starting = loadEngine(wasm, best, threads, this.startHelper);
      const engine = await this.starting;
      if (this.over) engine.end();
      else this.started = engine;
      return { build: best, threads: engine.threads };
    },

    load: async (request, options) => {
      const files = new EngineFiles();
      const cached = await CachedLoad.open(request);
      let complete = false;
      /** The model until somebody has it; `file`: that is still coming. */
      let begun: { file?: SyncSource; handle: number } | undefined;
      const loadModel = (available: number) =>
        this.engine.loadModel(begun?.handle ?? 0, files, request.head ?? '', request.dtype ?? '', available);
      const forget = () => {
        if (begun) this.started?.module.release(begun.handle);
        begun = undefined;
      };
      const follow: Follow = async (file, available) => {
        await this.starting;
        // Something else has failed meanwhile, and nobody would release the model.
        if (files.closed) return 0;
        if (begun?.file !== file) forget();
        files.set(weightsFile, file);
        const answer = loadModel(available);
        // What is wrong from the beginning is said when the whole file is there: its size may be another than announced.
        if ('error' in answer && !begun) return 0;
        const { handle, needed } = unwrap(answer);
        begun = { file, handle };
        if (needed === 0) forget();
        return needed;
      };
      try {
        await cached?.restore(files, options);
        const has = (part: 'tokenizer' | 'model') => cached?.found.includes(part) ?? false;
        const missing = {
          ...request,
          tokenizer: request.tokenizer && !has('tokenizer'),
          model: request.model && !has('model'),
        };
        if (missing.tokenizer || missing.model) {
          if (request.localOnly && request.source.folder !== undefined)
            throw new SqueezeBertError(
              'FILE_NOT_FOUND',
              `${nameOf(request.source)} is not in the cache, and local_files_only`,
            );
          await fetchFiles(missing, { ...options, follow }, files);
        }
        await this.starting;
        complete = true;
        throwIfAborted(options.signal);
        const tokenizer = request.tokenizer ? (unwrap(this.engine.loadTokenizer(files)) as TokenizerInfo) : null;
        try {
          if (begun?.file !== files.open(weightsFile)) forget();
          const model = request.model ? unwrap(loadModel(-1)) : null;
          begun = model ?? undefined;
          const saved = model && missing.model && cached ? savedModel(this.engine, model.handle) : null;
          await cached?.keep(files, saved, model?.dtype ?? '', options);
          // Whoever wants the states alone has no use for the settings, nor for what is wrong with them.
          const sentence = tokenizer && sentenceSettings(files);
          begun = undefined;
          return { tokenizer, model: model && ({ ...model, sentence } as ModelInfo) };
        } catch (error) {
          if (tokenizer) this.engine.release(tokenizer.handle);
          throw error;
        }
      } catch (error) {
        // What comes from the cache has been loaded before; if it cannot be now, it is not what it was.
        const memory = error instanceof WebAssembly.RuntimeError || toError(error).code === 'OUT_OF_MEMORY';
        if (!complete || !cached?.found.length || options.signal?.aborted || this.over || memory) throw error;
        await cached.remove();
        return await this.handlers.load({ ...request, cache: 'reload' }, options);
      } finally {
        forget();
        files.close();
      }
    },

    release: ({ handles }) => {
      for (const handle of handles) this.engine.release(handle);
      return null;
    },

    encode: ({ tokenizer, texts, pairs, options }) =>
      unwrap(
        this.engine.encode(tokenizer, texts.join(''), lengthsOf(texts), pairs.join(''), lengthsOf(pairs), options),
      ),

    decode: ({ tokenizer, ids, skipSpecialTokens, cleanUp }) =>
      ids.map((list) => this.engine.decode(tokenizer, list, skipSpecialTokens, cleanUp)),

    idsToTokens: ({ tokenizer, ids }) => Array.from(ids, (id) => this.engine.idToToken(tokenizer, id)),

    tokensToIds: ({ tokenizer, tokens }) => tokens.map((token) => this.engine.tokenToId(tokenizer, token)),

    normalize: ({ tokenizer, text }) => this.engine.normalize(tokenizer, text),

    run: async ({ model, ...input }, { signal }) => {
      await breathe();
      throwIfAborted(signal);
      return unwrap(this.engine.run(model, input)).tensors;
    },

    classify: async ({ tokenizer, model, texts, pairs, topK }, { signal }) => {
      const results: Operations['classify']['result'] = [];
      let since = performance.now();
      for (const [index, text] of texts.entries()) {
        results.push(unwrap(this.engine.classify(tokenizer, model, text, pairs[index] ?? null, topK)));
        // A long batch: now and then whoever waits gets in, and an abort is seen.
        if (index + 1 < texts.length && performance.now() - since > 8) {
          await breathe();
          throwIfAborted(signal);
          since = performance.now();
        }
      }
      return results;
    },

    heapBytes: () => this.engine.heapBytes(),

    listCache: async ({ cacheDir }) => listEntries(await openStore(cacheDir)),

    clearCache: async ({ cacheDir, source }) => removeEntries(await openStore(cacheDir), source),
  };
}
