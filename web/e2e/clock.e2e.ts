// A node that tells another time than its operator's phone, and is set by it.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch, Node, someone, until } from './harness';
import { invite, join, line, login, say, writeTo } from './paths';

let node: Node;
let browser: Browser;

beforeAll(async () => {
  node = await Node.start();
  browser = await launch();
});

afterAll(async () => {
  await browser.close();
  await node.remove();
});

const hour = 60 * 60 * 1000;

it('an operator sets the clock of the node, and mail goes on', async () => {
  const ada = await someone(browser, node.url);
  const { name, passphrase } = await join(ada.page, node.firstLink, 'Ada');
  const link = await invite(ada.page, 'Member');
  const ben = await someone(browser, node.url);
  await join(ben.page, link, 'Ben');
  await writeTo(ada.page, 'Ben');
  await say(ada.page, 'Before');

  // Her other phone is three hours ahead: it is the node that has lost them, without power.
  const other = await someone(browser, node.url);
  await other.page.clock.install({ time: Date.now() + 3 * hour });
  await login(other.page, name, passphrase);
  await other.page.getByText('The node’s clock and this one differ').waitFor();
  const set = other.page.getByRole('button', { name: 'Set the node’s clock' });
  await set.click();
  await set.waitFor({ state: 'detached' });
  const { time } = (await (await fetch(`${node.url}/api/node`)).json()) as { time: number };
  expect(Math.abs(time * 1000 - Date.now() - 3 * hour)).toBeLessThan(60_000);

  // It goes on after a restart, and phones that are told another time than their own write by it.
  await node.down();
  await node.up();
  await writeTo(other.page, 'Ben');
  await say(other.page, 'After');
  await ben.page.goto('/#/messages');
  await ben.page.locator('.rows a').first().click();
  await line(ben.page, 'After').waitFor();
  const texts = await ben.page.getByRole('list', { name: 'Messages of this conversation' }).getByRole('listitem').allTextContents();
  expect(texts.findIndex((text) => text.includes('Before'))).toBeLessThan(texts.findIndex((text) => text.includes('After')));
  await say(ben.page, 'Answer');
  await until(async () => (await line(other.page, 'Answer').count()) === 1);
  expect([...ada.troubles, ...ben.troubles, ...other.troubles]).toEqual([]);
});
