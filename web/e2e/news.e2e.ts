// An editor publishes and corrects; feeds come in from outside; everyone reads, with scripts or without.
import { join as path } from 'node:path';
import { readdirSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, Node, repo, someone, type Someone } from './harness';
import { join } from './paths';

const feeds = path(repo, 'testdata/feeds');

describe('news', () => {
  let node: Node;
  let browser: Browser;
  let editor: Someone;
  let reader: Someone;

  beforeAll(async () => {
    node = await Node.start(['--name', 'Harbour']);
    browser = await launch();
    editor = await someone(browser, node.url);
    reader = await someone(browser, node.url);
    const link = await node.madang('invite', '--role', 'editor');
    await join(editor.page, link.trim(), 'Teacher Oh');
  });

  afterAll(async () => {
    await browser.close();
    await node.remove();
  });

  it('says what will be here while nothing is', async () => {
    await reader.page.goto('/#/news');
    await reader.page.getByRole('heading', { name: 'No news yet' }).waitFor();
  });

  it('lets an editor write with a picture, look at it, publish, and everyone read it at once', async () => {
    const { page } = editor;
    await page.goto('/#/news/write');
    await page.getByRole('textbox', { name: 'Headline' }).fill('The school roof is whole again');
    await page.getByRole('textbox', { name: 'In one sentence' }).fill('Twelve fathers, two days, no rain.');
    await page.getByRole('textbox', { name: 'Section' }).fill('School');
    await page.getByRole('textbox', { name: 'Text' }).fill('Lessons go on **on Monday**.\n\n- bring slates\n- bring lamps');
    const picture = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose a picture' }).click();
    await (await picture).setFiles(samplePicture());
    await page.getByRole('img', { name: 'The picture chosen' }).waitFor();
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.locator('strong', { hasText: 'on Monday' }).waitFor();
    await page.getByRole('button', { name: 'Publish' }).click();
    // Not by its headline: the preview shows that before anything is published.
    await page.waitForURL(/#\/news\/naddr/);
    await page.getByRole('heading', { name: 'The school roof is whole again' }).waitFor();

    const headline = reader.page.getByRole('heading', { name: 'The school roof is whole again' });
    await headline.waitFor();
    await headline.click();
    await reader.page.getByText('bring slates').waitFor();
    const image = reader.page.locator('img.article__picture');
    await image.waitFor();
    expect(await image.evaluate((img: HTMLImageElement) => img.decode().then(() => img.naturalWidth))).toBeGreaterThan(0);
  });

  it('keeps a draft over a reload', async () => {
    const { page } = editor;
    await page.goto('/#/news/write');
    await page.getByRole('textbox', { name: 'Headline' }).fill('Half a thought');
    await page.goto('/#/news');
    await page.getByRole('heading', { name: 'The school roof' }).first().waitFor();
    await page.goto('/#/news/write');
    // The browser writes it down behind the page; a reload before that would cut it off.
    await page.getByText('Your draft is kept').waitFor();
    await page.reload();
    await page.getByText('Your draft is kept').waitFor();
    expect(await page.getByRole('textbox', { name: 'Headline' }).inputValue()).toBe('Half a thought');
  });

  it('lets its author correct it, under the same address', async () => {
    const { page } = editor;
    await page.goto('/#/news');
    await page.getByRole('link', { name: /school roof/ }).click();
    await page.getByRole('link', { name: 'Correct' }).click();
    await page.getByRole('textbox', { name: 'Text' }).fill('Lessons go on **on Tuesday**.');
    await page.getByRole('button', { name: 'Publish the correction' }).click();
    await page.locator('strong', { hasText: 'on Tuesday' }).waitFor();
    await reader.page.locator('strong', { hasText: 'on Tuesday' }).waitFor();
    await reader.page.goto('/#/news');
    await reader.page.getByRole('heading', { name: 'The school roof' }).first().waitFor();
    expect(await reader.page.getByRole('heading', { name: 'The school roof' }).count()).toBe(1);
  });

  it('takes in feeds of every kind while the node runs, and nothing twice', async () => {
    const files = readdirSync(feeds).filter((name) => /\.(xml|atom|rss|json)$/.test(name));
    expect(files.length).toBeGreaterThanOrEqual(3);
    for (const file of files) {
      const first = lastLine(await node.madang('feed', 'import', path(feeds, file)));
      expect(first).toMatch(/^new [1-9]\d*, updated 0, unchanged 0/);
      const second = lastLine(await node.madang('feed', 'import', path(feeds, file)));
      expect(second).toMatch(/^new 0, updated 0, unchanged [1-9]\d*/);
    }
  });

  it('shows imported articles, in each language in its own direction', async () => {
    const { page } = reader;
    await page.goto('/#/news');
    await page.getByRole('button', { name: 'العربية' }).click();
    const story = page.locator('article[lang=ar]').first();
    await story.waitFor();
    expect(await story.getByRole('heading').evaluate((h) => getComputedStyle(h).direction)).toBe('rtl');
    await page.getByRole('button', { name: '한국어' }).click();
    await page.locator('article[lang=ko]').first().waitFor();
  });

  it('is readable without JavaScript, and as a feed', async () => {
    const plain = await someone(browser, node.url, { javaScriptEnabled: false });
    await plain.page.goto('/news');
    await plain.page.getByRole('link', { name: /The school roof is whole again/ }).click();
    await plain.page.getByText('on Tuesday').waitFor();
    expect(plain.troubles).toEqual([]);
    await plain.context.close();

    const answer = await fetch(`${node.url}/news/feed.atom`);
    expect(answer.headers.get('content-type')).toContain('application/atom+xml');
    const feed = await answer.text();
    expect(feed).toContain('The school roof is whole again');
    expect(feed).not.toMatch(/<script|onerror/i);
  });

  it('does not let a member publish', async () => {
    const member = await someone(browser, node.url);
    await join(member.page, (await node.madang('invite')).trim(), 'Sami');
    await member.page.goto('/#/news/write');
    await member.page.getByText('Only editors can publish news').waitFor();
    await member.context.close();
  });

  it('met no trouble on the way', () => {
    expect([...editor.troubles, ...reader.troubles]).toEqual([]);
  });
});

function lastLine(output: string): string {
  return output.trim().split('\n').pop() ?? '';
}

/** A picture beside the test feeds. */
function samplePicture(): string {
  const name = readdirSync(feeds, { recursive: true, encoding: 'utf8' }).find((file) => /\.(jpe?g|png)$/.test(file));
  if (!name) throw new Error('no picture in testdata/feeds');
  return path(feeds, name);
}
