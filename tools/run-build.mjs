// Builds what it is asked for: `node tools/run-build.mjs native sanitize wasm js`, each after set-up and only what changed.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seconds } from './setup/step.mjs';
import { environment, root, runMain, SetupError, setup } from './setup.mjs';

/** Runs a command in the repository root with its output shown; true when it succeeded. */
export function show(command, args, env = environment(), cwd = root) {
  const result = spawnSync(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
  if (result.error) console.error(`${command}: ${result.error.message}`);
  return result.status === 0;
}

function preset(name, targets = []) {
  const env = environment();
  const jobs = `-j${availableParallelism()}`;
  const target = targets.length > 0 ? ['--target', ...targets] : [];
  return (
    show('cmake', ['--preset', name, '--log-level=WARNING'], env) &&
    show('cmake', ['--build', '--preset', name, ...target, '--', jobs], env)
  );
}

const wasmBuilds = ['simd', 'simd-relaxed', 'simd-threads', 'simd-relaxed-threads'];

// All builds share one glue file, so what it calls must bear the same names in all.
function glueEqual() {
  const read = (name) =>
    readFileSync(join(root, `build/wasm-${name}/squeezebert-${name}.mjs`), 'utf8').replaceAll(name, 'simd');
  const other = wasmBuilds.find((name) => read(name) !== read('simd'));
  if (other)
    console.error(`The glue of wasm-simd and wasm-${other} differs: their imports or exports are not the same.`);
  return !other;
}

export const builds = {
  native: () => preset('release', ['squeezebert_cli']),
  sanitize: () => preset('sanitize'),
  wasm: () => wasmBuilds.every((name) => preset(`wasm-${name}`)) && glueEqual(),
  js: () => show(process.execPath, ['tools/build-js.mjs']),
};

/** Runs one of `builds` and says how long it took. */
export function build(name) {
  const from = performance.now();
  console.log(`build: ${name}`);
  const done = builds[name]();
  console.log(`build: ${name}: ${done ? 'done' : 'FAILED'} (${seconds(from)})`);
  return done;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runMain(async () => {
    const names = process.argv.slice(2);
    const unknown = names.find((name) => !builds[name]);
    if (unknown || names.length === 0) throw new SetupError(`Name what to build: ${Object.keys(builds).join(', ')}.`);
    await setup();
    for (const name of names)
      if (!build(name)) throw new SetupError(`The build '${name}' failed; its messages are above.`);
  });
}
