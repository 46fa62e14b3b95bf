// What every section is given: files, servers and browsers.
import { join } from 'node:path';
import { root } from '../../tools/setup.mjs';
import { hubFolders } from '../models/hub.mjs';
import { layouts } from '../models/onnx.mjs';
import { quantized } from '../models/quantized.mjs';
import { bundleTransformers } from '../models/transformers.mjs';
import { benchFiles } from '../models/weights.mjs';
import { open } from './browser.mjs';
import { serve } from './server.mjs';

const data = join(root, 'build/bench');
const modules = join(root, 'bench/node_modules');
const folders = {
  '/bench/': join(root, 'bench'),
  '/build/': join(root, 'build'),
  '/dist/': join(root, 'dist'),
  '/data/': data,
  '/ort/': join(modules, 'onnxruntime-web/dist'),
  '/ort-transformers/': join(modules, '@huggingface/transformers/node_modules/onnxruntime-web/dist'),
  '/tokenizers/': join(modules, '@huggingface/tokenizers/dist'),
};

/**
 * { quick, lengths, threads, build, engine } as asked, { data, folders, layouts } and
 *   int8      whether the ONNX files have int8 forms
 *   hub()     makes the folders of whole pipelines; false where int8 models cannot be made
 *   open()    a fresh browser at an empty page of the isolated server, or of `origin` (null: of none)
 *   serve()   another server of the same folders
 */
export async function prepare(asked) {
  await benchFiles(data);
  const int8 = asked.engine === 'chromium' && quantized(data, layouts);
  const server = await serve(folders);
  const bench = {
    ...asked,
    data,
    folders,
    layouts,
    int8,
    browserName: asked.engine,
    hub: async () => {
      await bundleTransformers(data);
      return hubFolders(data, layouts);
    },
    open: async ({ origin = server.origin } = {}) => {
      const page = await open(asked.engine, origin && `${origin}/`);
      bench.browserName = page.name;
      return page;
    },
    serve: (options) => serve(folders, options),
    close: () => server.close(),
  };
  return bench;
}
