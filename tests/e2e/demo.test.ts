// The demo, driven as a visitor would.
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openSite, type Site } from './page.ts';

let site: Site;
const closing: (() => Promise<void>)[] = [];
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site?.close());
afterEach(async () => {
  site.instead = () => false;
  for (const close of closing.splice(0)) await close();
});

interface Visit {
  page: Page;
  /** Messages of the console and of the content security policy. */
  problems: string[];
  requests: string[];
}

async function visit(options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await site.browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  closing.push(() => context.close());
  const page = await context.newPage();
  const problems: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('request', (request) => requests.push(request.url()));
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective}`));
  });
  await page.goto(site.url);
  return { page, problems, requests };
}

const word = (page: Page) => page.locator('#word').textContent();
const settle = async (page: Page, expected: string) => {
  await page.waitForFunction((value) => document.getElementById('word')?.textContent === value, expected, {
    timeout: 20_000,
  });
};
const ready = (page: Page) => page.locator('#sentences li[data-label]:not([data-label="none"])').first().waitFor();

describe('reading', () => {
  it('tells a happy text from an angry one, as a whole and by sentence, without any complaint of the browser', async () => {
    const { page, problems, requests } = await visit();
    await ready(page);
    await page.fill('#text', 'I love this place. The staff were wonderful and the food was delicious.');
    await settle(page, 'Positive');
    await page.locator('#sentences li').nth(1).waitFor();
    expect(await page.locator('#sentences li').count()).toBe(2);
    for (const row of await page.locator('#sentences li').all())
      expect(await row.getAttribute('data-label')).toBe('POSITIVE');
    await page.fill('#text', 'What a terrible, boring film. I hated every minute of it.');
    await settle(page, 'Negative');
    expect(await page.locator('#sentences li').first().getAttribute('data-label')).toBe('NEGATIVE');
    expect(await page.locator('#status').textContent()).toMatch(/^[\d.]+ ms .*build simd-relaxed\.$/);
    expect(problems).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(site.url))).toEqual([]);
  });

  it('an emptied box, and a text far longer than the model reads', async () => {
    const { page, problems } = await visit();
    await ready(page);
    await page.fill('#text', '   ');
    await settle(page, 'Nothing to read yet');
    expect(await page.locator('#sentences li').count()).toBe(0);
    await page.fill('#text', 'This is a wonderful day. '.repeat(2000));
    await settle(page, 'Positive');
    expect(await page.locator('#status').textContent()).toContain('Only the beginning was read');
    await page.waitForFunction(() => document.querySelectorAll('#sentences li[data-label="POSITIVE"]').length === 2000);
    expect(problems).toEqual([]);
  });

  it('the newest text wins', async () => {
    const { page } = await visit();
    await ready(page);
    const final = 'I love this place.';
    await page.evaluate((last) => {
      const box = document.getElementById('text') as HTMLTextAreaElement;
      for (let index = 0; index < 200; ++index) {
        box.value = index === 199 ? last : `A terrible film, number ${index}. ${'It was boring. '.repeat(index % 20)}`;
        box.dispatchEvent(new Event('input', { bubbles: true }));
      }
    }, final);
    await settle(page, 'Positive');
    await page.waitForTimeout(500);
    expect(await word(page)).toBe('Positive');
    expect(await page.locator('#sentences li .sentence').allTextContents()).toEqual([final]);
  });

  it('works offline once it has loaded', async () => {
    const { page } = await visit();
    await ready(page);
    await page.context().setOffline(true);
    await page.fill('#text', 'I love this place, it is wonderful.');
    await settle(page, 'Positive');
  });
});

describe('smoothness', () => {
  it('200 characters at 10 keys a second: no task of the page over 50 ms', async () => {
    const { page } = await visit();
    await ready(page);
    await page.waitForTimeout(500);
    await page.evaluate(() => {
      const tasks: number[] = [];
      (globalThis as unknown as { tasks: number[] }).tasks = tasks;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) tasks.push(entry.duration);
      }).observe({ type: 'longtask' });
    });
    const tasks = () => page.evaluate(() => (globalThis as unknown as { tasks: number[] }).tasks);
    await page.fill('#text', '');
    const typed =
      'The hotel was lovely and the staff were kind. Breakfast was cold, which annoyed us. We stayed three nights in May. The view from the balcony made up for everything, and I would gladly go back there!!';
    await page.locator('#text').pressSequentially(typed.padEnd(200, '!').slice(0, 200), { delay: 100 });
    await page.waitForTimeout(500);
    expect(await page.inputValue('#text')).toHaveLength(200);
    expect(await page.locator('#sentences li').count()).toBe(4);
    expect(await tasks()).toEqual([]);
    // and the observer does see them
    await page.evaluate(() => {
      setTimeout(() => {
        const end = performance.now() + 80;
        while (performance.now() < end);
      });
    });
    await page.waitForTimeout(300);
    expect(await tasks()).toHaveLength(1);
  });
});

describe('errors', () => {
  it('the model is not there: code and sentence, and another try when it is', async () => {
    site.instead = (path, response) => {
      if (!path.endsWith('.safetensors')) return false;
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
      return true;
    };
    const { page } = await visit();
    await page.locator('#error').waitFor();
    expect(await page.locator('#error-code').textContent()).toBe('FILE_NOT_FOUND');
    expect(await page.locator('#error-text').textContent()).toContain('.safetensors');
    site.instead = () => false;
    await page.click('#retry');
    await ready(page);
    expect(await page.locator('#error').isVisible()).toBe(false);
  });

  it('a page instead of the model', async () => {
    site.instead = (path, response) => {
      if (!path.endsWith('.safetensors')) return false;
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>app</title>');
      return true;
    };
    const { page } = await visit();
    await page.locator('#error').waitFor();
    expect(await page.locator('#error-code').textContent()).toBe('UNEXPECTED_HTML');
  });

  it('the engine is not there', async () => {
    site.instead = (path, response) => {
      if (!path.endsWith('.wasm')) return false;
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
      return true;
    };
    const { page } = await visit();
    await page.locator('#error').waitFor();
    expect(await page.locator('#error-code').textContent()).toBe('WASM_LOAD');
  });
});

describe('for everybody', () => {
  it('by keyboard alone', async () => {
    const { page } = await visit();
    await ready(page);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('text');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('I love it!');
    await settle(page, 'Positive');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('A complaint');
    await page.keyboard.press('Enter');
    await settle(page, 'Negative');
  });

  it('every control has a name, results are announced, once typing pauses', async () => {
    const { page } = await visit();
    await ready(page);
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll('textarea, button, progress')]
        .filter(
          (control) =>
            !control.textContent?.trim() &&
            !control.getAttribute('aria-label') &&
            !(control as HTMLTextAreaElement).labels?.length,
        )
        .map((control) => control.outerHTML),
    );
    expect(nameless).toEqual([]);
    expect(await page.locator('h1').count()).toBe(1);
    await page.fill('#text', 'I love it!');
    await page.waitForFunction(() => document.getElementById('announcement')?.textContent?.startsWith('Positive.'));
    expect(await page.locator('#announcement').getAttribute('aria-live')).toBe('polite');
    expect(await page.locator('#announcement').textContent()).toContain('1 sentence: 1 positive');
  });

  it.each(['light', 'dark'] as const)('contrast of text at least 4.5 (%s)', async (colorScheme) => {
    const { page } = await visit({ colorScheme });
    await ready(page);
    const weak = await page.evaluate(() => {
      const parse = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
      const luminance = ([r = 0, g = 0, b = 0]: number[]) => {
        const linear = (value: number) => (value <= 10.31 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4);
        return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
      };
      const background = (element: Element | null): number[] => {
        for (let at = element; at; at = at.parentElement) {
          const color = parse(getComputedStyle(at).backgroundColor);
          if (color.length === 3 || color[3] === 1) return color;
        }
        return [255, 255, 255];
      };
      return [...document.querySelectorAll('body *')]
        .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim()))
        .filter((element) => (element as HTMLElement).offsetParent !== null)
        .map((element) => {
          const [a, b] = [luminance(parse(getComputedStyle(element).color)), luminance(background(element))];
          return { text: element.textContent?.slice(0, 30), ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) };
        })
        .filter(({ ratio }) => ratio < 4.5);
    });
    expect(weak).toEqual([]);
  });

  it.each([
    [390, 844],
    [320, 640],
    [1280, 800],
  ])('nothing is cut off at %s x %s', async (width, height) => {
    const { page } = await visit({ viewport: { width, height } });
    await ready(page);
    await page.fill('#text', `${'averyveryverylongword'.repeat(20)} is bad. I love it.`);
    await page.locator('#sentences li').nth(1).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  });
});
