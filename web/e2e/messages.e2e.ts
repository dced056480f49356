// Two people meet, write to each other, lose the node and find it again; a third device gets in.
import { readFileSync } from 'node:fs';
import { join as path } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, Node, someone, type Someone } from './harness';
import { invite, join, type Joined, line, login, openPerson, say, writeTo } from './paths';

describe('messages', () => {
  let node: Node;
  let browser: Browser;
  let mira: Someone;
  let jun: Someone;
  let junsPaper: Joined;

  beforeAll(async () => {
    node = await Node.start(['--name', 'Harbour']);
    browser = await launch();
    mira = await someone(browser, node.url);
    jun = await someone(browser, node.url);
  });

  afterAll(async () => {
    await browser.close();
    await node.remove();
  });

  it('lets the first operator in by the link that the node prints', async () => {
    await join(mira.page, node.firstLink, 'Mira');
    await mira.page.goto('/#/more');
    await mira.page.getByText('Operator').first().waitFor();
  });

  it('lets others in by an invite, once', async () => {
    const link = await invite(mira.page, 'Member');
    junsPaper = await join(jun.page, link, '준호');
    const late = await someone(browser, node.url);
    await late.page.goto(link);
    await late.page.getByRole('alert').filter({ hasText: /invite/i }).waitFor();
    await late.context.close();
  });

  it('lets the operator make someone an editor, and a member again', async () => {
    const write = jun.page.getByRole('link', { name: 'Write', exact: true });
    await jun.page.goto('/#/news');
    await jun.page.getByRole('heading', { name: 'No news yet' }).waitFor();
    expect(await write.count()).toBe(0);
    await openPerson(mira.page, '준호');
    const role = mira.page.getByRole('combobox', { name: 'Role' });
    await role.selectOption({ label: 'Editor' });
    await mira.page.getByText('role is now Editor').waitFor();
    await write.first().click();
    await jun.page.getByRole('textbox', { name: 'Headline' }).waitFor();

    await role.selectOption({ label: 'Member' });
    await mira.page.getByText('role is now Member').waitFor();
    await jun.page.goto('/#/news');
    await write.first().waitFor({ state: 'detached' });
    await jun.page.getByRole('heading', { name: 'No news yet' }).waitFor();
  });

  it('carries messages both ways at once, and counts what is unread', async () => {
    await writeTo(mira.page, '준호');
    await say(mira.page, 'The ferry leaves at six');
    await line(mira.page, 'The ferry leaves at six').getByLabel('Sent').waitFor();

    await jun.page.goto('/#/messages');
    const row = jun.page.getByRole('link', { name: /Mira/ });
    await row.getByText('1 unread').waitFor();
    await row.click();
    await line(jun.page, 'The ferry leaves at six').waitFor();
    await say(jun.page, '고마워요 ❤️\n내일 봐요');
    await line(mira.page, '고마워요').waitFor();
    expect(await line(mira.page, '고마워요').textContent()).toContain('내일 봐요');
    await jun.page.goto('/#/messages');
    await jun.page.getByRole('link', { name: /Mira/ }).waitFor();
    expect(await jun.page.getByText('1 unread').count()).toBe(0);
  });

  it('leaves no word and no sender readable on the node', () => {
    const log = readFileSync(path(node.data, 'log', '0000000000000000.log'), 'utf8');
    expect(log).toContain('"kind":1059');
    expect(log).not.toContain('ferry');
    expect(log).not.toContain('"kind":14');
  });

  it('keeps what is written while the node is down, over a reload, and sends it when it is back', async () => {
    await writeTo(jun.page, 'Mira');
    await node.down('SIGKILL');
    await say(jun.page, 'Are the lights out with you, too?');
    await line(jun.page, 'Are the lights out').getByLabel('Sending').waitFor();
    await node.up();
    await line(jun.page, 'Are the lights out').getByLabel('Sent').waitFor();
    await line(mira.page, 'Are the lights out').waitFor();

    await node.down('SIGKILL');
    await say(jun.page, 'Now I reload');
    await line(jun.page, 'Now I reload').getByLabel('Sending').waitFor();
    await node.up();
    await jun.page.reload();
    await line(jun.page, 'Now I reload').getByLabel('Sent').waitFor();
    await line(mira.page, 'Now I reload').waitFor();
    expect(await line(mira.page, 'Now I reload').count()).toBe(1);
  });

  it('shows the whole history on a new device, by passphrase and by card', async () => {
    for (const way of ['passphrase', 'card'] as const) {
      const device = await someone(browser, node.url);
      if (way === 'passphrase') {
        await login(device.page, junsPaper.name, junsPaper.passphrase);
      } else {
        await device.page.goto('/#/login');
        await device.page.getByRole('button', { name: 'Recovery card' }).click();
        await device.page.getByRole('textbox', { name: 'The 24 words' }).fill(junsPaper.words.join(' '));
        await device.page.getByRole('main').getByRole('button', { name: 'Log in' }).click();
      }
      await device.page.getByRole('link', { name: /Mira/ }).click();
      for (const text of ['The ferry leaves at six', '고마워요', 'Are the lights out', 'Now I reload']) {
        await line(device.page, text).waitFor();
      }
      expect(device.troubles).toEqual([]);
      await device.context.close();
    }
  });

  it('refuses a wrong passphrase and says what to do', async () => {
    const device = await someone(browser, node.url);
    await login(device.page, junsPaper.name, 'not the words on the paper');
    await device.page.getByRole('alert').filter({ hasText: /passphrase/i }).waitFor();
    await device.context.close();
  });

  it('resolves names for other programs (NIP-05)', async () => {
    const answer = await fetch(`${node.url}/.well-known/nostr.json?name=mira`);
    const { names } = (await answer.json()) as { names: Record<string, string> };
    expect(names.mira).toMatch(/^[0-9a-f]{64}$/);
  });

  it('lets the operator remove someone, who can then log in on no new device', async () => {
    await openPerson(mira.page, '준호');
    await mira.page.getByRole('button', { name: 'Remove from here' }).click();
    await mira.page.getByRole('dialog').getByRole('button', { name: 'Remove from here' }).click();
    await mira.page.getByText('was removed from here').waitFor();
    await mira.page.getByRole('link', { name: /준호/ }).waitFor({ state: 'detached' });
    const device = await someone(browser, node.url);
    await login(device.page, junsPaper.name, junsPaper.passphrase);
    await device.page.getByRole('alert').filter({ hasText: /member/ }).waitFor();
    expect(device.troubles).toEqual([]);
    await device.context.close();
  });

  it('met no trouble on the way', () => {
    expect([...mira.troubles, ...jun.troubles]).toEqual([]);
  });
});
