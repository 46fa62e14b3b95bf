// The local server of all sections: what is under a prefix comes from a folder.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};
// Threads need a page that is cross-origin isolated.
const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
};

/**
 * Serves `folders` ({ '/prefix/': folder }), and an empty page at `/`. { origin, log, close() }; `log` has what was asked for,
 * { path, size, end }: bytes, and when the last was written (ms since 1970). `isolated`: pages are cross-origin isolated.
 */
export async function serve(folders, { isolated = true } = {}) {
  const log = [];
  const always = { ...(isolated ? isolation : {}), 'cache-control': 'no-cache' };
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '/').split('?')[0]);
    if (path === '/') {
      response.writeHead(200, { ...always, 'content-type': types['.html'] }).end('<!doctype html><title>bench</title>');
      return;
    }
    const [prefix, folder] = Object.entries(folders).find(([start]) => path.startsWith(start)) ?? [];
    const file = folder && normalize(join(folder, path.slice(prefix.length)));
    if (!file?.startsWith(folder + sep) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404, always).end();
      return;
    }
    const entry = { path, size: statSync(file).size };
    log.push(entry);
    response.on('finish', () => {
      entry.end = performance.timeOrigin + performance.now();
    });
    response.writeHead(200, {
      ...always,
      'content-type': types[extname(file)] ?? 'application/octet-stream',
      'content-length': entry.size,
    });
    if (request.method === 'HEAD') response.end();
    else createReadStream(file).pipe(response);
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    log,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
