// Three projects: `node` (tests/js), `browser` (tests/browser, in headless Chromium) and `e2e` (tests/e2e, in Node, with
// Playwright driving Chromium).
import { createReadStream, existsSync, statSync } from 'node:fs';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { answerBadly } from './tests/shared/bad-server.ts';
// @ts-expect-error plain JavaScript, without types
import { chromiumArguments, chromiumPath } from './tools/chromium.mjs';

const root = fileURLToPath(new URL('.', import.meta.url));
const folders = {
  // reference data beside the checkout; absent in most checkouts, and the tests that need it skip
  '/golden/': join(root, '../shared/golden'),
  '/fixtures/': join(root, 'tests/fixtures'),
  '/models/': join(root, 'models'),
  // the package as it is published, untouched by Vite
  '/dist/': join(root, 'dist'),
};
const types: Record<string, string> = {
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** Serves `folders` as they are: a file that is not there is a 404, not Vite's page. */
function serveData(): Plugin {
  return {
    name: 'serve-data',
    configureServer(server) {
      server.middlewares.use('/bad/', (request, response) => {
        request.url = request.url?.startsWith('/') ? request.url : `/${request.url}`;
        answerBadly(request, response);
      });
      for (const [prefix, folder] of Object.entries(folders)) {
        server.middlewares.use(prefix, (request, response) => {
          const path = decodeURIComponent((request.url ?? '').split('?')[0] ?? '');
          const file = normalize(join(folder, path));
          if (!file.startsWith(folder + sep) || !existsSync(file) || !statSync(file).isFile()) {
            response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
            return;
          }
          response.writeHead(200, {
            'content-type': types[extname(file)] ?? 'application/octet-stream',
            'content-length': statSync(file).size,
          });
          if (request.method === 'HEAD') response.end();
          else createReadStream(file).pipe(response);
        });
      }
    },
  };
}

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'node',
          include: ['tests/js/**/*.test.ts'],
          environment: 'node',
          // Node knows relaxed SIMD by itself from version 22 on. Before that the relaxed dot product of its first compiler
          // (Liftoff) gives other sums than its second one's: only the second one, then.
          execArgv:
            Number(process.versions.node.split('.')[0]) < 22
              ? ['--experimental-wasm-relaxed-simd', '--no-liftoff']
              : [],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        plugins: [serveData()],
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          globalSetup: ['tests/shared/hub-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: { executablePath: chromiumPath, args: chromiumArguments } }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          environment: 'node',
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
