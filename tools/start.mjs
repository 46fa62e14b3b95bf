// `npm start`: set-up, the wasm and JavaScript builds, then the demo on a local server. Ends with Ctrl-C.
import { join } from 'node:path';
import { build } from './run-build.mjs';
import { environment, root, runMain, SetupError, setup } from './setup.mjs';

await runMain(async () => {
  await setup();
  for (const name of ['wasm', 'js'])
    if (!build(name)) throw new SetupError(`The build '${name}' failed; its messages are above.`);
  Object.assign(process.env, environment());
  // imported only now: a fresh checkout has no Vite before set-up
  const { createServer } = await import('vite');
  const demo = join(root, 'demo');
  const port = Number(process.env.PORT) || undefined;
  const server = await createServer({ root: demo, configFile: join(demo, 'vite.config.ts'), server: { port } });
  await server.listen();
  const { local, network } = server.resolvedUrls;
  console.log(`\nThe demo is at ${[...local, ...network].join(' and ')} (Ctrl-C ends it)`);
});
