import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import type * as Package from '../../js/api.ts';
import { answerBadly } from '../shared/bad-server.ts';
import { describeBehaviour } from '../shared/behaviour.ts';

const library = (await import('../../dist/engine.js' as string)) as typeof Package;
const server = createServer(answerBadly).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const model = fileURLToPath(new URL('../../models/sentiment-en', import.meta.url));
const names = ['config.json', 'model.safetensors', 'vocab.txt', 'tokenizer_config.json'];
describeBehaviour({
  library,
  files: async () => Object.fromEntries(names.map((name) => [name, new Blob([readFileSync(`${model}/${name}`)])])),
  bad: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
});
