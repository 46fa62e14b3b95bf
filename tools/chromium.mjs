// The Chromium of the tests and of the bench.
import { existsSync } from 'node:fs';

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Set-up puts the one it found into SQUEEZEBERT_CHROMIUM. */
export const chromiumPath = process.env.SQUEEZEBERT_CHROMIUM ?? candidates.find((path) => existsSync(path));

/** Runs as root and in containers; no request of the browser's own. */
export const chromiumArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];
