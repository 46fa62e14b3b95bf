// The worker: runs the engine, one call after the other. Under another name the same script is a helper thread of it, so
// that whoever delivers this file has delivered both.
import { type HelperStart, help, helperName } from '../js/engine/helpers.ts';
import { LocalBackend } from '../js/engine/local.ts';
import { SqueezeBertError, toError } from '../js/errors.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

interface Scope {
  name: string;
  importScripts(address: string): void;
  onmessage: ((event: MessageEvent<never>) => void) | null;
  reportError(error: unknown): void;
  postMessage(message: FromWorker | null, transfer: Transferable[]): void;
}
const scope = globalThis as unknown as Scope;

function startHelper(): Worker {
  let type: WorkerType = 'classic';
  try {
    // No address, so nothing is fetched: a classic script says so (SyntaxError), a module that it cannot at all. Without an
    // argument Firefox says nothing in either.
    scope.importScripts('http://[');
  } catch (error) {
    if (error instanceof TypeError) type = 'module';
  }
  return new Worker(location.href, { type, name: helperName });
}

const backend = new LocalBackend(startHelper);
const calls = new Map<number, AbortController>();

/** The buffers of typed arrays inside a result: they move instead of being copied. */
function buffers(value: unknown, found: Transferable[] = []): Transferable[] {
  if (ArrayBuffer.isView(value)) found.push(value.buffer as ArrayBuffer);
  else if (value && typeof value === 'object') for (const inner of Object.values(value)) buffers(inner, found);
  return found;
}

async function answer(message: Extract<ToWorker, { type: 'call' }>): Promise<void> {
  const { id } = message;
  const controller = calls.get(id);
  try {
    if (!controller || controller.signal.aborted) throw new SqueezeBertError('ABORTED');
    const value = await backend.call(message.name, message.request as never, {
      signal: controller.signal,
      onProgress: (progress) => scope.postMessage({ type: 'progress', id, progress }, []),
    });
    scope.postMessage({ type: 'result', id, value }, buffers(value));
  } catch (error) {
    const { code, detail } = toError(error);
    scope.postMessage({ type: 'error', id, error: { code, detail } }, []);
    // The page hears of it as of any other crash.
    if (backend.ended) scope.reportError(error);
  } finally {
    calls.delete(id);
  }
}

// Calls wait in a queue that gives way to arriving messages before each, so that an abort reaches the calls that it is
// meant for before they run. Starting and loading do not hold the queue up.
const queue: Extract<ToWorker, { type: 'call' }>[] = [];
const bell = new MessageChannel();
let ringing = false;
const ring = () => {
  if (ringing || queue.length === 0) return;
  ringing = true;
  bell.port2.postMessage(0);
};
bell.port1.onmessage = async () => {
  const next = queue.shift();
  if (next) {
    const done = answer(next);
    if (next.name !== 'load' && next.name !== 'start') await done;
  }
  ringing = false;
  ring();
};

function receive({ data: message }: MessageEvent<ToWorker>): void {
  if (message.type === 'abort') {
    calls.get(message.id)?.abort();
    return;
  }
  calls.set(message.id, new AbortController());
  queue.push(message);
  ring();
}

const becomeHelper = ({ data }: MessageEvent<HelperStart>) => {
  help(data, () => scope.postMessage(null, [])).catch((error) => scope.reportError(error));
};

scope.onmessage = scope.name === helperName ? becomeHelper : receive;
