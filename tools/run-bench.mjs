// `npm run bench`: speed beside onnxruntime-web and transformers.js in headless Chromium (bench/README.md).
// Options: --only kernels,passes  --quick  --lengths 8,32  --threads 1,2  --build simd|simd-relaxed  --engine firefox
//          --built (takes dist/ as it is)  --output name (of the JSON file in bench/results; default: latest)
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './run-build.mjs';
import { root, runMain, SetupError, setup } from './setup.mjs';

const bench = join(root, 'bench');
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** What the command line asks for. */
function options(sections) {
  const text = { type: 'string' };
  const flag = { type: 'boolean' };
  const parsed = () => {
    try {
      return parseArgs({
        options: {
          only: text,
          quick: flag,
          lengths: text,
          threads: text,
          build: text,
          engine: text,
          output: text,
          built: flag,
        },
      }).values;
    } catch (error) {
      throw new SetupError(error.message);
    }
  };
  const values = parsed();
  const list = (name, least, most) =>
    values[name]?.split(',').map((word) => {
      const number = Number(word);
      if (!Number.isInteger(number) || number < least || number > most)
        throw new SetupError(`--${name} takes whole numbers from ${least} to ${most}, as in 8,32; not '${word}'.`);
      return number;
    });
  const oneOf = (name, known) => {
    if (values[name] !== undefined && !known.includes(values[name]))
      throw new SetupError(`--${name} takes ${known.join(' or ')}; not '${values[name]}'.`);
    return values[name];
  };
  const only = values.only?.split(',') ?? sections;
  const unknown = only.find((name) => !sections.includes(name));
  if (unknown) throw new SetupError(`--only takes ${sections.join(', ')}; not '${unknown}'.`);
  return {
    only,
    quick: values.quick ?? false,
    built: values.built ?? false,
    lengths: list('lengths', 2, 512),
    threads: list('threads', 1, 8),
    build: oneOf('build', ['simd', 'simd-relaxed']),
    engine: oneOf('engine', ['chromium', 'firefox']) ?? 'chromium',
    output: values.output ?? 'latest',
  };
}

/** The peers, in bench/node_modules: not among the packages that set-up installs. */
function installModules() {
  const wanted = Object.entries(readJson(join(bench, 'package.json')).dependencies);
  const installed = ([name, version]) => {
    const path = join(bench, 'node_modules', name, 'package.json');
    return existsSync(path) && readJson(path).version === version;
  };
  if (wanted.every(installed)) return;
  console.log('bench: npm packages');
  // The install scripts of onnxruntime packages download; nothing here needs them.
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: bench, stdio: 'inherit' });
  if (npm.status !== 0) throw new SetupError('npm could not install the packages of the bench.');
}

const machine = () => ({
  processor: cpus()[0]?.model,
  processors: cpus().length,
  memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
  node: process.version,
  load: loadavg()[0],
});

await runMain(async () => {
  const { names, load } = await import('../bench/sections.mjs');
  const asked = options(names);
  if (!asked.built) await setup();
  for (const name of asked.built ? [] : ['wasm', 'js'])
    if (!build(name)) throw new SetupError(`The build '${name}' failed; its messages are above.`);
  installModules();
  const { prepare } = await import('../bench/stage/bench.mjs');
  const stage = await prepare(asked);
  const folder = join(bench, 'results');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${asked.output}.json`);
  // A run of some sections replaces those and keeps the others.
  const results = existsSync(file) ? readJson(file) : {};
  try {
    for (const name of asked.only) {
      const section = await load(name);
      if (section.engines && !section.engines.includes(asked.engine)) {
        console.log(`\n${name}: not in ${asked.engine}.`);
        continue;
      }
      console.log(`\n## ${section.title}`);
      const before = machine();
      // Whatever else runs takes from all sides, and most from the ones with two threads: the figures say so for good.
      if (before.load > 0.5)
        console.log(`(not a quiet machine: ${before.load.toFixed(1)} processes ran in the minute before)`);
      const found = await section.run(stage);
      // A section that is cut into parts keeps those of earlier runs.
      const data = section.parts ? { ...results[name]?.data, ...found } : found;
      results[name] = { browser: stage.browserName, machine: before, quick: asked.quick, data };
      writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
      for (const part of section.report(found)) console.log(`\n${part}`);
      for (const fault of section.faults?.(found) ?? []) {
        console.error(fault);
        process.exitCode = 1;
      }
    }
  } finally {
    stage.close();
  }
  console.log(`\n${file}`);
});
