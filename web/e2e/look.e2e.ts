// Every page of a village that lives, on a phone and a desk, by day and by night, in each language: nothing runs over
// the edge, nothing is too small for a finger, and assistive programs find no fault.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { desk, launch, Node, phone, someone } from './harness';
import { village, type Village } from './village';

// Evaluated, not added as a script: the pages' own policy allows no foreign one, and is not loosened for a test.
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const open = ['/#/', '/#/news', '/#/videos', '/#/login', '/#/join', '/#/nowhere'];
const inside = [
  '/#/messages', '/#/messages/new', '/#/news/write', '/#/videos/add', '/#/people', '/#/more', '/#/more/invite',
  '/#/more/about', '/#/more/language', '/#/more/profile', '/#/card?from=more',
];

const looks = [
  { name: 'phone, day, English', locale: 'en-GB', colorScheme: 'light', viewport: phone },
  { name: 'phone, night, Arabic', locale: 'ar', colorScheme: 'dark', viewport: phone },
  { name: 'smallest phone, day, Korean', locale: 'ko-KR', colorScheme: 'light', viewport: { width: 320, height: 568 } },
  { name: 'desk, night, English', locale: 'en-GB', colorScheme: 'dark', viewport: desk },
  { name: 'desk, day, Arabic', locale: 'ar', colorScheme: 'light', viewport: desk },
] as const;

describe('the look', () => {
  let place: Village;
  let node: Node;
  let browser: Browser;

  beforeAll(async () => {
    place = await village();
    node = place.node;
    browser = await launch();
  });

  afterAll(async () => {
    await browser.close();
    await node.remove();
  });

  for (const { name, ...options } of looks) {
    it(name, async () => {
      const { page, context, troubles } = await someone(browser, node.url, options);
      const faults: string[] = [];
      const visit = async (path: string) => {
        await page.goto(path);
        await settled(page);
        faults.push(...(await faultsOf(page)).map((fault) => `${path}: ${fault}`));
      };
      for (const path of open) await visit(path);
      await first(page, '/#/news', 'article a');
      await visit(page.url());
      await first(page, '/#/videos', 'article a');
      await visit(page.url());
      await place.login(page);
      for (const path of inside) await visit(path);
      await first(page, '/#/messages', '.rows a');
      await visit(page.url());
      for (const path of ['/news', '/videos']) {
        await page.goto(path);
        faults.push(...(await faultsOf(page)).map((fault) => `${path}: ${fault}`));
      }
      expect(faults).toEqual([]);
      expect(troubles).toEqual([]);
      await context.close();
    });
  }
});

/** Opens the first link that the selector finds on a page. */
async function first(page: Page, path: string, selector: string): Promise<void> {
  await page.goto(path);
  await page.locator(selector).first().click();
  await page.waitForURL((url) => !url.href.endsWith(path));
}

/** Waits until no grey shapes stand in for what is loading. */
async function settled(page: Page): Promise<void> {
  await page.getByRole('heading').first().waitFor();
  await page.locator('.skeleton').waitFor({ state: 'detached' });
}

async function faultsOf(page: Page): Promise<string[]> {
  const faults = await page.evaluate(() => {
    const found: string[] = [];
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    if (wide > 0) found.push(`${wide} px wider than the screen`);
    for (const box of Array.from(document.querySelectorAll<HTMLElement>('.page__scroll'))) {
      if (box.scrollWidth > box.clientWidth + 1) found.push(`content ${box.scrollWidth - box.clientWidth} px too wide`);
    }
    for (const element of Array.from(document.querySelectorAll<HTMLElement>('button, a.button, .doors a, .row, input, select'))) {
      const { width, height } = element.getBoundingClientRect();
      if (width === 0 || element.closest('.aside, .skip') || element.matches('.aside, [type=checkbox], [type=radio]')) continue;
      if (height < 43.5 || width < 43.5) {
        found.push(`${element.tagName} "${element.getAttribute('aria-label') ?? element.textContent}" is ${width}x${height}`);
      }
    }
    return found;
  });
  await page.evaluate(axe);
  const result = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } };
    return (await axe.run()).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(' | ')}`);
  });
  return [...faults, ...result];
}
