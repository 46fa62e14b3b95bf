// A server that behaves like the hub, and as badly as servers do: the files of a model under
//   /<behaviour>[,<behaviour>...]/<name>/resolve/<revision>/<file>
// Weights move to another origin (a second port), as on the hub. What was asked for is in GET /log, whose DELETE forgets it.
//
// Behaviours, all of the weights unless said: `plain`; `slow` (a sixtieth each 20 ms), `cut` (the connection breaks after a
// third, twice), `cut-always`, `changes` (cut, and another file with another ETag behind it), `no-range` (cut, whole again),
// `no-validators` (cut, without ETag and date), `weak` (cut, weak ETag), `short` (fewer bytes than announced), `busy` (429
// with Retry-After: 1, twice), `busy-long` (429 for an hour), `busy-unexposed` (503 without Retry-After, once), `html` (a page
// instead of the weights), `html-all` (pages for everything), `private` (401 without the token), `bin` (pytorch_model.bin only),
// `shards`, `bad-shards` (an index that names a path), `vocab-json` (vocab.json and merges.txt only), `gzip` (config.json
// compressed), `local` (no redirect), `new` (a changed ETag), `sentence` (with the files of sentence-transformers), `attack`
// (a pytorch_model.bin that asks for os.system), `nothing` (404 for everything), `no-cors` (no leave for other origins), `large`
// (the weights as 16 MB of float32, which are read while they come; with `changes` what came before the change answers the
// opposite), `infinite` (the last of these numbers is infinite).
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const shipped = fileURLToPath(new URL('../models/sentiment-en', import.meta.url));
const exposed = 'ETag, Content-Range, Accept-Ranges, Retry-After, Content-Encoding, Content-Length';

const sentence = {
  'modules.json': ['Transformer', 'Pooling', 'Normalize'].map((kind, idx) => ({ idx, type: `models.${kind}` })),
  '1_Pooling/config.json': { pooling_mode_mean_tokens: true },
  'sentence_bert_config.json': { max_seq_length: 64 },
};

/** A file of q8 and q4 weights as one of float32 ones. `edit`(floats, name) may change them. */
function asFloats(file, edit) {
  const length = Number(file.readBigUInt64LE(0));
  const { __metadata__, ...tensors } = JSON.parse(file.toString('utf8', 8, 8 + length));
  const bytes = (name) => file.subarray(...tensors[name].data_offsets.map((offset) => 8 + length + offset));
  const floats = (name) => new Float32Array(new Uint8Array(bytes(name)).buffer);
  const header = {};
  const parts = [];
  let offset = 0;
  // by their names, as Hugging Face writes them
  for (const name of Object.keys(tensors).sort()) {
    if (name.endsWith('_scale') || name.endsWith('_multiplier')) continue;
    const { dtype } = tensors[name];
    let { shape } = tensors[name];
    let values;
    if (dtype === 'F32') values = floats(name);
    else {
      const scales = floats(`${name}_scale`);
      let codes = new Int8Array(bytes(name));
      if (dtype === 'U8') {
        // two codes a byte, each plus 8, with a multiplier for every 32 of a row
        const multipliers = new Int8Array(bytes(`${name}_multiplier`));
        codes = Int16Array.from({ length: 2 * codes.length }, (_, i) => {
          const code = (i % 2 === 0 ? codes[i >> 1] & 15 : (codes[i >> 1] >> 4) & 15) - 8;
          return code * multipliers[Math.floor(i / 32)];
        });
        shape = [shape[0], 2 * shape[1]];
      }
      values = Float32Array.from(codes, (code, i) => code * scales[Math.floor(i / shape[1])]);
    }
    edit?.(values, name);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
    parts.push(new Uint8Array(values.buffer));
  }
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([size, text, ...parts]);
}

const opposite = (floats, name) => {
  if (name.startsWith('classifier.')) for (const i of floats.keys()) floats[i] *= -1;
};
const infinite = (floats, name) => {
  if (name === 'transformer.pooler.dense.weight') floats[floats.length - 1] = Number.POSITIVE_INFINITY;
};

const isWeights = (file) => /\.(safetensors|bin)$/.test(file);

/** Two servers, `{ hub, store, log, close }`: addresses and what was asked for. `folder`: the model's files. */
export async function startHub(folder = shipped) {
  let log = [];
  /** How often something happened, by the request's path. */
  const times = new Map();
  const once = (key, limit = 1) => {
    const count = (times.get(key) ?? 0) + 1;
    times.set(key, count);
    return count <= limit;
  };
  const cached = new Map();
  const content = (file) => {
    const path = `${folder}/${file}`;
    if (!cached.has(path)) cached.set(path, existsSync(path) ? readFileSync(path) : null);
    return cached.get(path);
  };

  const made = new Map();
  const large = (edit) => {
    if (!made.has(edit)) made.set(edit, asFloats(content('model.safetensors'), edit));
    return made.get(edit);
  };

  /** The bytes of a file as the behaviours have it; null: 404. */
  function find(kinds, file, path) {
    if (kinds.has('vocab-json') && /^(vocab\.txt|tokenizer\.json)$/.test(file)) return null;
    if (kinds.has('vocab-json') && file === 'vocab.json') return Buffer.from('{"a": 0}');
    if (kinds.has('vocab-json') && file === 'merges.txt') return Buffer.from('#version: 0.2\n');
    if (kinds.has('bin')) {
      if (file === 'model.safetensors') return null;
      if (file === 'pytorch_model.bin') return Buffer.from('a torch file');
    }
    if (kinds.has('shards') || kinds.has('bad-shards')) {
      if (file === 'model.safetensors') return null;
      const names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
      if (file === 'model.safetensors.index.json') {
        const weight_map = {
          a: names[0],
          b: kinds.has('bad-shards') ? '../../model.safetensors' : names[1],
          c: names[0],
        };
        return Buffer.from(JSON.stringify({ metadata: { total_size: 300_000 }, weight_map }));
      }
      if (names.includes(file)) return Buffer.alloc(150_000, file);
    }
    if (kinds.has('large') && file === 'model.safetensors')
      return large(kinds.has('infinite') ? infinite : kinds.has('changes') && !kinds.has('new') ? opposite : undefined);
    if (kinds.has('sentence') && path in sentence) return Buffer.from(JSON.stringify(sentence[path]));
    if (kinds.has('attack') && file === 'model.safetensors') return null;
    if (kinds.has('attack') && file === 'pytorch_model.bin')
      // the older container, whose state dict asks for os.system
      return Buffer.from(
        '\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.' +
          '\x80\x02}X\x0d\0\0\0little_endian\x88s.\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R.',
        'latin1',
      );
    return content(file);
  }

  function allow(request, response) {
    response.setHeader('access-control-allow-origin', request.headers.origin ?? '*');
    response.setHeader('access-control-allow-methods', 'GET, HEAD, DELETE, OPTIONS');
    // If-Range is not among them, as on content networks
    response.setHeader('access-control-allow-headers', 'authorization, range, x-test');
    response.setHeader('access-control-expose-headers', exposed);
    response.setHeader('cache-control', 'no-store');
  }

  function answer(request, response, server) {
    const url = new URL(request.url, 'http://server');
    if (!url.pathname.startsWith('/no-cors/')) allow(request, response);
    if (request.method === 'OPTIONS') return response.writeHead(204).end();
    if (url.pathname === '/log') {
      if (request.method === 'DELETE') {
        log = [];
        times.clear();
      }
      return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(log));
    }
    const [, list = '', ...rest] = decodeURIComponent(url.pathname).split('/');
    const file = rest.at(-1) ?? '';
    const kinds = new Set(list.split(','));
    const { authorization, range, 'if-range': ifRange } = request.headers;
    log.push({ server, method: request.method, path: url.pathname, file, authorization, range, ifRange });
    const page = () =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>an application</title>');
    const plain = (status, headers = {}) =>
      response.writeHead(status, { 'content-type': 'text/plain', ...headers }).end('no');

    if (kinds.has('html-all')) return page();
    if (kinds.has('private') && server === 'hub' && authorization !== 'Bearer secret') return plain(401);
    const weights = isWeights(file);
    if (weights && server === 'hub') {
      if (kinds.has('html')) return page();
      if (kinds.has('busy') && once(`${url.pathname} busy`, 2)) return plain(429, { 'retry-after': '1' });
      if (kinds.has('busy-long')) return plain(429, { 'retry-after': '3600' });
      if (kinds.has('busy-unexposed') && once(`${url.pathname} busy`)) return plain(503);
    }
    if (kinds.has('nothing')) return plain(404);
    if (weights && server === 'hub' && !kinds.has('local') && find(kinds, file, rest.slice(4).join('/')))
      return response.writeHead(302, { location: `${addresses.store}${url.pathname}` }).end();

    const cuts = ['cut', 'cut-always', 'changes', 'no-range', 'no-validators', 'weak'].some((kind) => kinds.has(kind));
    if (kinds.has('changes') && !once(`${url.pathname} ${request.method} old`)) kinds.add('new');
    let body = find(kinds, file, rest.slice(4).join('/'));
    if (body === null) return plain(404);
    const digest = createHash('sha256').update(body).digest('hex').slice(0, 16) + (kinds.has('new') ? '-new' : '');
    const etag = `${kinds.has('weak') ? 'W/' : ''}"${digest}"`;
    const headers = { 'content-type': weights ? 'application/octet-stream' : 'text/plain' };
    if (!kinds.has('no-validators')) headers.etag = etag;
    if (kinds.has('gzip') && file === 'config.json') {
      body = gzipSync(body);
      headers['content-encoding'] = 'gzip';
    }
    let from = 0;
    const start = /^bytes=(\d+)-$/.exec(range ?? '')?.[1];
    if (weights && start !== undefined && !kinds.has('no-range') && (!ifRange || ifRange === etag)) {
      from = Number(start);
      if (from >= body.length) return plain(416);
      headers['content-range'] = `bytes ${from}-${body.length - 1}/${body.length}`;
    }
    headers['content-length'] = body.length - from;
    if (kinds.has('short') && weights) headers['content-length'] += 1000;
    response.writeHead(from > 0 || headers['content-range'] ? 206 : 200, headers);
    if (request.method === 'HEAD') return response.end();
    const cut = weights && cuts && (kinds.has('cut-always') || once(`${url.pathname} cut`, kinds.has('cut') ? 2 : 1));
    if (cut) {
      // long enough for the client to see the bytes before the break
      response.write(body.subarray(from, from + Math.ceil((body.length - from) / 3)), () =>
        setTimeout(() => response.destroy(), 100),
      );
    } else if (kinds.has('slow') && weights) {
      let at = from;
      const step = Math.ceil(body.length / 60);
      const timer = setInterval(() => {
        response.write(body.subarray(at, at + step));
        at += step;
        if (at >= body.length) {
          clearInterval(timer);
          response.end();
        }
      }, 20);
      response.on('close', () => clearInterval(timer));
    } else if (kinds.has('short') && weights) {
      response.write(body, () => setTimeout(() => response.destroy(), 50));
    } else response.end(body.subarray(from));
  }

  // A mistake in here is the server's error, which the test that asked sees, and no answer that never comes.
  const safely = (request, response, name) => {
    try {
      answer(request, response, name);
    } catch (error) {
      console.error(error);
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end(String(error));
    }
  };
  const servers = ['hub', 'store'].map((name) => createServer((request, response) => safely(request, response, name)));
  await Promise.all(
    servers.map((server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))),
  );
  const [hub, store] = servers.map((server) => `http://127.0.0.1:${server.address().port}`);
  const addresses = { hub, store };
  return {
    ...addresses,
    log: () => log,
    close() {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}
