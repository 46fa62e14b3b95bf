// The demo as it is deployed: built, served with a strict content security policy, opened in Chromium.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { build } from 'vite';
// @ts-expect-error plain JavaScript, without types
import { chromiumArguments, chromiumPath } from '../../tools/chromium.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'build/e2e-demo');

export const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
].join('; ');

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

export interface Site {
  url: string;
  browser: Browser;
  /** Sent with every answer; empty: none. */
  policy: string;
  /** Answers itself for a path and says so with true; false: the file is sent. */
  instead: (path: string, response: ServerResponse) => boolean;
  close(): Promise<void>;
}

export async function openSite(): Promise<Site> {
  await build({
    root: join(root, 'demo'),
    configFile: join(root, 'demo/vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: folder, emptyOutDir: true },
  });
  const site: Site = {
    url: '',
    browser: undefined as unknown as Browser,
    policy,
    instead: () => false,
    close: async () => {},
  };
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const path = decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/');
    if (site.policy) response.setHeader('content-security-policy', site.policy);
    if (site.instead(path, response)) return;
    const file = normalize(join(folder, path === '/' ? 'index.html' : path));
    if (!file.startsWith(folder + sep) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
      return;
    }
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
    response.end(readFileSync(file));
  };
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  site.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  site.browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumArguments });
  site.close = async () => {
    await site.browser.close();
    server.closeAllConnections();
    server.close();
  };
  return site;
}
