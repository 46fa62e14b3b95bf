// Every version that set-up pins, in one place. npm packages are pinned by package-lock.json.

// Vite 8 and Vitest 4 ask for this much.
export const nodeMinimum = [20, 19];

// The first emscripten tried here with relaxed SIMD and Embind's `--emit-tsd`; anything newer on the PATH is used as it is.
export const emccMinimum = [3, 1, 69];

// From the distribution itself, Debian 12 or 13.
export const systemPackages = [
  'ca-certificates',
  'chromium',
  'clang-19',
  'cmake',
  'git',
  'libclang-rt-19-dev',
  'libfuzzer-19-dev',
  'libgtest-dev',
  'lld-19',
  'llvm-19',
  'ninja-build',
  'patchelf',
  'python3',
  'xz-utils',
];

// From Debian 13, unpacked into the cache and never installed. `name=pattern` is apt's own syntax; the patterns leave
// the Debian revision open, because a mirror keeps only the newest one.
export const debianSuite = 'trixie';
export const headerPackages = [
  'libxtensor-dev=0.25.0-*',
  'xtl-dev=0.7.7-*',
  'nlohmann-json3-dev=3.11.3-*',
  'libsimde-dev=0.8.2-*',
];
export const headerFolders = ['xtensor', 'xtl', 'nlohmann', 'simde'];
export const emscriptenPackages = [
  'emscripten=3.1.69+*',
  'binaryen=120-*',
  'node-acorn=8.8.1+*',
  // what binaryen of Debian 13 was linked with
  'libc6=2.41-*',
  'libstdc++6=14.2.0-*',
  'libgcc-s1=14.2.0-*',
];
export const emscriptenFolder = 'emscripten-3.1.69';
