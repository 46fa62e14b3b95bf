// A loaded model as a safetensors file.
import type { EngineModule } from './wasm.ts';

export interface SavedModel {
  /** Bytes of the whole file. */
  size: number;
  /** Its bytes, about a megabyte at a time. To be read once, and before the model is released. */
  parts: Iterable<Uint8Array<ArrayBuffer>>;
}

/** Null where there is no such model. */
export function savedModel(engine: EngineModule, model: number): SavedModel | null {
  const file = engine.save(model);
  if ('error' in file) return null;
  const { handle, size } = file;
  function* parts() {
    try {
      for (;;) {
        const part = engine.savedPart(handle) as Uint8Array<ArrayBuffer>;
        if (part.length === 0) return;
        yield part;
      }
    } finally {
      engine.release(handle);
    }
  }
  return { size, parts: parts() };
}
