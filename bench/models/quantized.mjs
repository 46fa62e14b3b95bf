// The int8 forms of the ONNX files, by onnxruntime's own quantiser (quantize.py), made once.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../tools/setup.mjs';

/** True when `<name>.int8.onnx` of all `names` are in `folder`; makes those that are not. False, with the reason printed, where
 * the quantiser cannot be had. */
export function quantized(folder, names) {
  const missing = names.filter((name) => !existsSync(join(folder, `${name}.int8.onnx`)));
  if (missing.length === 0) return true;
  console.log(`Quantising ${missing.join(', ')} with onnxruntime ...`);
  const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  const setup = spawnSync('bench/quantize-setup.sh', options);
  const command = setup.stdout.trim();
  const done =
    setup.status === 0 && spawnSync(`${command} ${missing.join(' ')}`, { ...options, stdio: 'inherit', shell: true });
  if (done && done.status === 0) return true;
  console.error('The int8 columns of onnxruntime are left out: its quantiser is not to be had here (see above).');
  return false;
}
