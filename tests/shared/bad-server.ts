// Answers as bad servers give them, by the first part of the path. For Node's http and for Vite's server alike.
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';

const model = fileURLToPath(new URL('../../models/sentiment-en', import.meta.url));

/** `url` without what the server strips: `/html/config.json`. */
export function answerBadly(request: IncomingMessage, response: ServerResponse): void {
  const [, kind = '', file = ''] = (request.url ?? '').split('?')[0]?.split('/') ?? [];
  const weights = file === 'model.safetensors';
  const known = ['config.json', 'model.safetensors', 'vocab.txt', 'tokenizer_config.json'].includes(file);
  response.setHeader('access-control-allow-origin', '*');
  const status = Number(/^status-(\d+)$/.exec(kind)?.[1] ?? 0);
  if (status > 0) {
    response.writeHead(status, { 'content-type': 'text/plain' }).end('no');
  } else if (kind === 'html') {
    // a single-page application's fallback
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>app</title>');
  } else if (kind === 'html-weights' && weights) {
    // the same under a wrong type
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).end('\n<!DOCTYPE html><title>app</title>');
  } else if (kind === 'slow' && weights) {
    response.writeHead(200, { 'content-length': 10_000_000 });
    const timer = setInterval(() => response.write(Buffer.alloc(1000)), 20);
    request.on('close', () => clearInterval(timer));
  } else if (kind === 'short' && weights) {
    response.writeHead(200, { 'content-length': 10_000_000 });
    response.write(Buffer.alloc(70_000), () => setTimeout(() => response.destroy(), 50));
  } else if (kind === 'without-weights' && weights) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
  } else if (known) {
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(readFileSync(`${model}/${file}`));
  } else {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
  }
}
