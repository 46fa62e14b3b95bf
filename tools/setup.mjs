// Brings a fresh machine to where everything builds: `node tools/setup.mjs`, or `npm run setup`. Plain Node, no package.
// `node tools/setup.mjs --env` prints the environment for a shell: eval "$(node tools/setup.mjs --env)".
// Nothing is written into the checkout but node_modules.
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debianCodename, installPackages } from './setup/debian.mjs';
import { emscripten, fetchEmscripten } from './setup/emscripten.mjs';
import { fetchHeaders, headersReady, includeFolder } from './setup/headers.mjs';
import { installModules } from './setup/npm.mjs';
import { atLeast, SetupError, seconds, step, which } from './setup/step.mjs';
import { nodeMinimum, systemPackages } from './setup/versions.mjs';

export { SetupError };
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

const programs = { clang: ['clang++-19', 'clang++'], chromium: ['chromium', 'chromium-browser', 'google-chrome'] };
const find = (names) => names.map((name) => which(name)).find(Boolean) ?? null;
const includes = () => process.env.SQUEEZEBERT_INCLUDE_DIR || includeFolder();

/**
 * The environment in which the other scripts build and test: process.env, and in it PATH (tsc for --emit-tsd,
 * node_modules/.bin, emcc), EM_CONFIG, EMSCRIPTEN_ROOT, SQUEEZEBERT_INCLUDE_DIR, SQUEEZEBERT_CHROMIUM, CC and CXX.
 */
export function environment() {
  const emcc = emscripten();
  const clang = find(programs.clang);
  const chromium = process.env.SQUEEZEBERT_CHROMIUM || find(programs.chromium);
  const path = [join(root, 'tools/setup/bin'), join(root, 'node_modules/.bin'), emcc?.path, process.env.PATH]
    .filter(Boolean)
    .join(delimiter);
  return {
    ...process.env,
    PATH: path,
    SQUEEZEBERT_INCLUDE_DIR: includes(),
    ...(emcc ? { EMSCRIPTEN_ROOT: emcc.root, ...emcc.env } : {}),
    ...(chromium ? { SQUEEZEBERT_CHROMIUM: chromium } : {}),
    ...(clang ? { CXX: clang, CC: clang.replace('clang++', 'clang') } : {}),
  };
}

function checkPrograms() {
  const needed = { cmake: ['cmake'], ninja: ['ninja'], 'clang++': programs.clang, chromium: programs.chromium };
  const missing = Object.keys(needed).filter(
    (name) => !(name === 'chromium' && process.env.SQUEEZEBERT_CHROMIUM) && !find(needed[name]),
  );
  if (missing.length > 0) {
    throw new SetupError(
      `Set-up installs packages only on Debian 12 and 13; here, install these yourself and start again: ${missing.join(', ')}.`,
    );
  }
  return 'not Debian 12 or 13, nothing to install: cmake, ninja, clang++ and Chromium are here';
}

/** All the steps; throws a SetupError with one sentence when something is missing. */
export async function setup() {
  const from = performance.now();
  if (!atLeast(process.versions.node, nodeMinimum)) {
    throw new SetupError(`Node ${nodeMinimum.join('.')} or newer is needed, this is ${process.versions.node}.`);
  }
  const codename = debianCodename();
  await step('system packages', (detail) => (codename ? installPackages(systemPackages, detail) : checkPrograms()));
  await step('C++ headers', (detail) => {
    if (process.env.SQUEEZEBERT_INCLUDE_DIR && !headersReady()) return `SQUEEZEBERT_INCLUDE_DIR says ${includes()}`;
    if (!codename && !headersReady()) {
      throw new SetupError(
        'Put the header-only libraries xtensor 0.25, xtl, nlohmann-json and simde 0.8.2 into one folder, name it in SQUEEZEBERT_INCLUDE_DIR and start again.',
      );
    }
    return fetchHeaders(codename, detail);
  });
  await step('emscripten', (detail) => fetchEmscripten(codename, detail));
  await step('npm packages', (detail) => installModules(root, detail));
  console.log(`setup: ready (${seconds(from)})`);
}

/** Runs `main` and turns a SetupError into its sentence and exit code 1. */
export async function runMain(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`\n${error.message}`);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runMain(async () => {
    if (process.argv.includes('--env')) {
      const names = [
        'PATH',
        'EM_CONFIG',
        'EMSCRIPTEN_ROOT',
        'SQUEEZEBERT_INCLUDE_DIR',
        'SQUEEZEBERT_CHROMIUM',
        'CC',
        'CXX',
      ];
      const env = environment();
      const quote = (value) => `'${value.replaceAll("'", "'\\''")}'`;
      for (const name of names.filter((name) => env[name])) console.log(`export ${name}=${quote(env[name])}`);
    } else {
      await setup();
    }
  });
}
