// A fresh browser with one page, in either engine: { name, call(module, argument), goto(address), page, profile, close() }.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromiumArguments, chromiumPath } from '../../tools/chromium.mjs';

/** What the function that `module` (an address) exports as default gives for `argument`, computed in the page. */
const callIn = (page) => (module, argument) =>
  page.evaluate(async ([address, value]) => (await import(address)).default(value), [module, argument]);

// A context of its own on a disk of its own, as a visitor's browser has one, so that every cache starts empty.
async function chromium(options) {
  const { chromium: launcher } = await import('playwright-core');
  const profile = mkdtempSync(join(tmpdir(), 'bench-'));
  const context = await launcher.launchPersistentContext(profile, {
    executablePath: chromiumPath,
    args: [...chromiumArguments, ...(options.args ?? [])],
  });
  const [page] = context.pages();
  return {
    name: `Chromium ${context.browser()?.version() ?? ''}`.trim(),
    page,
    profile,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

async function firefox() {
  const { default: puppeteer } = await import('puppeteer-core');
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.SQUEEZEBERT_FIREFOX ?? '/usr/bin/firefox-esr',
    headless: true,
    protocolTimeout: 600_000,
  });
  const page = await browser.newPage();
  return { name: (await browser.version()).replace('/', ' '), page, close: () => browser.close() };
}

/** `engine`: 'chromium' or 'firefox'; `address`: the page to open; `args`: more of Chromium's. */
export async function open(engine, address, options = {}) {
  const browser = await (engine === 'firefox' ? firefox() : chromium(options));
  browser.page.on('pageerror', (error) => console.error(`page: ${error.message}`));
  if (address) await browser.page.goto(address);
  return { ...browser, call: callIn(browser.page), goto: (to) => browser.page.goto(to) };
}
