// `npm test`: set-up, the builds, every runner; or only the runners named: native, node, browser, e2e, size, lint.
// The last line adds up all runners: N passed, N failed (, N skipped).
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { build, show } from './run-build.mjs';
import { seconds } from './setup/step.mjs';
import { environment, root, runMain, SetupError, setup } from './setup.mjs';

const results = join(root, 'build/test-results');

/** One check that either passes or fails. */
const check = (done) => ({ passed: done ? 1 : 0, failed: done ? 0 : 1, skipped: 0 });

function native() {
  const report = join(results, 'native.xml');
  rmSync(report, { force: true });
  const env = {
    ...environment(),
    ASAN_OPTIONS: 'detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  };
  const jobs = `-j${availableParallelism()}`;
  const done = show(
    'ctest',
    ['--preset', 'sanitize', jobs, '--progress', '--no-tests=error', '--output-junit', report],
    env,
  );
  if (!existsSync(report)) return check(false);
  const suite = readFileSync(report, 'utf8').match(/<testsuite\b[^>]*>/)?.[0] ?? '';
  const count = (name) => Number(suite.match(new RegExp(`\\b${name}="(\\d+)"`))?.[1] ?? 0);
  const failed = Math.max(count('failures'), done ? 0 : 1);
  const skipped = count('skipped') + count('disabled');
  return { passed: count('tests') - count('failures') - skipped, failed, skipped };
}

function vitest(project) {
  const report = join(results, `${project}.json`);
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const done = show(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--project', project, ...reporters]);
  if (!existsSync(report)) return check(false);
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, 'utf8'));
  // a file that cannot even be loaded fails the run without a failed test
  const failed = Math.max(numFailedTests, done ? 0 : 1);
  return { passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests };
}

function lint() {
  const tool = (path, ...args) => check(show(process.execPath, [`node_modules/${path}`, ...args]));
  return [
    tool('@biomejs/biome/bin/biome', 'check', '--error-on-warnings'),
    tool('typescript/bin/tsc', '--noEmit', '--project', '.'),
    tool('publint/src/cli.js', '--strict'),
  ].reduce(add);
}

const add = (a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped });
const text = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

// What each runner needs built, and the runner.
const runners = {
  native: { needs: ['sanitize'], run: native },
  node: { needs: ['native', 'wasm', 'js'], run: () => vitest('node') },
  browser: { needs: ['wasm', 'js'], run: () => vitest('browser') },
  e2e: { needs: ['wasm', 'js'], run: () => vitest('e2e') },
  size: { needs: ['wasm', 'js'], run: () => check(show(process.execPath, ['tools/size.mjs'])) },
  lint: { needs: ['wasm', 'js'], run: lint },
};

await runMain(async () => {
  const from = performance.now();
  const wanted = process.argv.slice(2);
  const unknown = wanted.find((name) => !runners[name]);
  if (unknown)
    throw new SetupError(`There is no test runner '${unknown}'; there are ${Object.keys(runners).join(', ')}.`);
  const names = wanted.length > 0 ? wanted : Object.keys(runners);
  await setup();
  mkdirSync(results, { recursive: true });

  const built = {};
  const lines = [];
  let total = { passed: 0, failed: 0, skipped: 0 };
  for (const name of new Set(names.flatMap((runner) => runners[runner].needs))) {
    const start = performance.now();
    // the JavaScript contains the wasm build's glue and types
    built[name] = (name !== 'js' || built.wasm) && build(name);
    lines.push(`build ${name}: ${built[name] ? 'done' : 'FAILED'} (${seconds(start)})`);
    if (!built[name]) total = add(total, check(false));
  }
  for (const name of names) {
    const start = performance.now();
    console.log(`\ntest: ${name}`);
    const lacking = runners[name].needs.find((need) => !built[need]);
    const result = lacking ? check(false) : runners[name].run();
    total = add(total, result);
    lines.push(
      `test ${name}: ${lacking ? `not run, the build '${lacking}' failed` : text(result)} (${seconds(start)})`,
    );
    console.log(lines.at(-1));
  }
  console.log(`\n${lines.join('\n')}\nin all ${seconds(from)}\n`);
  console.log(text(total));
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
});
