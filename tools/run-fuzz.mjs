// `npm run fuzz`: libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer over what reads strangers' bytes.
// Options: --minutes 10 (of each target)  --target json (may be repeated; else all)
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { show } from './run-build.mjs';
import { environment, root, runMain, SetupError, setup } from './setup.mjs';

const targets = readFileSync(join(root, 'fuzz/CMakeLists.txt'), 'utf8')
  .match(/foreach\(target ([^)]*)\)/)[1]
  .split(' ');

// One second and 256 MB are what an input may take. Sanitized code is some five times slower, and the resident set has
// the shadow memory and the quarantine of freed blocks in it, so that the process gets more than the largest allocation.
const limits = ['-timeout=5', '-malloc_limit_mb=256', '-rss_limit_mb=640'];
const dictionaries = {
  safetensors: 'json',
  config: 'json',
  json: 'json',
  shards: 'json',
  model: 'json',
  tokenizer_files: 'json',
  torch: 'torch',
};

/** Golden files that are small enough, into the target's working corpus; they are not part of the repository. */
function seedFromGolden(target, folder) {
  const golden = join(root, '../shared/golden');
  if (!existsSync(golden)) return 0;
  const name = {
    safetensors: 'model.safetensors',
    config: 'config.json',
    json: 'config.json',
    torch: 'pytorch_model.bin',
  }[target];
  let count = 0;
  for (const directory of name ? readdirSync(golden) : []) {
    const path = join(golden, directory, name);
    if (!existsSync(path) || statSync(path).size > 200_000) continue;
    cpSync(path, join(folder, `golden-${directory}`));
    ++count;
  }
  return count;
}

await runMain(async () => {
  const { values } = parseArgs({
    options: { minutes: { type: 'string', default: '10' }, target: { type: 'string', multiple: true } },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new SetupError('--minutes takes a number above zero.');
  const chosen = values.target ?? targets;
  const unknown = chosen.find((name) => !targets.includes(name));
  if (unknown) throw new SetupError(`There is no target '${unknown}'; there are ${targets.join(', ')}.`);
  await setup();
  const env = {
    ...environment(),
    ASAN_OPTIONS: 'detect_leaks=1:quarantine_size_mb=32:allocator_may_return_null=0',
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  };
  const programs = chosen.map((name) => `fuzz_${name}`);
  if (
    !show('cmake', ['--preset', 'fuzz', '--log-level=WARNING'], env) ||
    !show('cmake', ['--build', '--preset', 'fuzz', '--target', ...programs], env)
  )
    throw new SetupError('The fuzzers could not be built; the messages are above.');
  const failed = [];
  for (const name of chosen) {
    const work = join(root, 'build/fuzz/corpus', name);
    const found = join(root, 'build/fuzz/found', name);
    mkdirSync(work, { recursive: true });
    mkdirSync(found, { recursive: true });
    const seeds = join(root, 'fuzz/corpus', name);
    console.log(`\nfuzz: ${name}, ${minutes} min, ${seedFromGolden(name, work)} golden seeds`);
    const dictionary = dictionaries[name] ? [`-dict=${join(root, `fuzz/${dictionaries[name]}.dict`)}`] : [];
    const seconds = `-max_total_time=${Math.ceil(minutes * 60)}`;
    const rest = [
      `-max_len=${name === 'torch' ? 200_000 : 65_536}`,
      '-print_final_stats=1',
      '-verbosity=0',
      `-artifact_prefix=${found}/`,
      ...dictionary,
    ];
    if (!show(join(root, `build/fuzz/fuzz/fuzz_${name}`), [seconds, ...limits, ...rest, work, seeds], env))
      failed.push(name);
    console.log(`fuzz: ${name}: ${failed.includes(name) ? `FAILED, the input is in ${found}` : 'nothing found'}`);
  }
  if (failed.length > 0) throw new SetupError(`Found something: ${failed.join(', ')}`);
});
