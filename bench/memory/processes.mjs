// The page's process, as Linux sees it.
import { readdirSync, readFileSync } from 'node:fs';

const read = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
};

/** Resident MB of the largest renderer under the browser with this profile: { now, peak }. Undefined where there is no /proc. */
export function rendererMemory(profile) {
  let pids;
  try {
    pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return undefined;
  }
  const command = (pid) => read(`/proc/${pid}/cmdline`);
  const parent = (pid) => /^PPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1];
  const ours = (pid) => {
    for (let at = pid; at && at !== '0'; at = parent(at)) if (command(at).includes(profile)) return true;
    return false;
  };
  const sizes = pids
    .filter((pid) => command(pid).includes('--type=renderer') && ours(pid))
    .map((pid) => {
      const status = read(`/proc/${pid}/status`);
      const megabytes = (name) =>
        (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024) / 1e6;
      return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') };
    });
  return sizes.toSorted((a, b) => b.peak - a.peak)[0];
}
