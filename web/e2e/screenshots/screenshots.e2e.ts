// Makes the pictures of docs/screenshots from the demo village: `make screenshots`. The test run looks elsewhere.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { desk, launch, phone, repo, someone } from '../harness';
import { village, type Village } from '../village';

const folder = join(repo, 'docs/screenshots');

interface Shot {
  name: string;
  options: BrowserContextOptions;
  inside?: boolean;
  open: (page: Page) => Promise<void>;
}

/** Goes to a page and, where asked, on to what a selector finds there. */
function at(path: string, selector?: string, nth = 0) {
  return async (page: Page) => {
    await page.goto(path);
    if (selector) await page.locator(selector).nth(nth).click();
  };
}

const day: BrowserContextOptions = { colorScheme: 'light', locale: 'en-GB' };
const night: BrowserContextOptions = { colorScheme: 'dark', locale: 'en-GB' };

const shots: Shot[] = [
  { name: 'welcome-phone', options: { ...day, viewport: phone }, open: at('/#/') },
  { name: 'news-phone', options: { ...day, viewport: phone }, open: at('/#/news') },
  { name: 'messages-phone', options: { ...day, viewport: phone }, inside: true, open: at('/#/messages') },
  { name: 'conversation-phone', options: { ...night, viewport: phone }, inside: true, open: at('/#/messages', '.rows a', 1) },
  { name: 'video-phone-ar', options: { ...night, viewport: phone, locale: 'ar' }, open: at('/#/videos', 'a.film', 1) },
  { name: 'news-desk', options: { ...day, viewport: desk }, open: at('/#/news') },
  { name: 'messages-desk-ko', options: { ...night, viewport: desk, locale: 'ko-KR' }, inside: true, open: at('/#/messages', '.rows a', 0) },
  { name: 'plain-news-phone', options: { ...day, viewport: phone, javaScriptEnabled: false }, open: at('/news') },
];

describe('pictures of the village', () => {
  let place: Village;
  let browser: Browser;

  beforeAll(async () => {
    await mkdir(folder, { recursive: true });
    place = await village();
    browser = await launch();
  });

  afterAll(async () => {
    await browser.close();
    await place.node.remove();
  });

  for (const { name, options, inside, open } of shots) {
    it(name, async () => {
      const { page, context } = await someone(browser, place.node.url, options);
      if (inside) await place.login(page);
      await open(page);
      await page.getByRole('heading').first().waitFor();
      await page.locator('.skeleton').waitFor({ state: 'detached' });
      await page.waitForLoadState('networkidle');
      await page.waitForFunction(() => {
        const player = document.querySelector('video');
        return !player || player.networkState !== player.NETWORK_LOADING;
      });
      // Chromium's player fades out a wheel over its poster, and tells nobody when it has.
      await page.waitForTimeout(1500);
      await page.screenshot({ path: join(folder, `${name}.png`) });
      await context.close();
    });
  }
});
