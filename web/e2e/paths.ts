// What people do again and again, in their own words and by what they can see.
import type { Page } from 'playwright-core';

export interface Joined {
  name: string;
  passphrase: string;
  /** The recovery card's 24 words. */
  words: string[];
}

/** Joins by an invite link: name, passphrase on paper, recovery card on paper. */
export async function join(page: Page, link: string, name: string): Promise<Joined> {
  await page.goto(link);
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByRole('button', { name: 'Next' }).click();
  const passphrase = (await texts(page, 'Passphrase')).join(' ');
  await page.getByRole('button', { name: 'I wrote it on paper' }).click();
  await page.getByRole('textbox', { name: 'The last word' }).fill(passphrase.split(' ').pop() ?? '');
  await page.getByRole('button', { name: 'Create my account' }).click();
  await page.getByRole('heading', { name: 'Recovery card' }).waitFor({ timeout: 90_000 });
  const words = await texts(page, 'The 24 words');
  await page.getByRole('button', { name: 'I have written it down' }).click();
  const fields = page.getByRole('textbox', { name: /^Word \d+$/ });
  for (const field of await fields.all()) {
    const label = await field.evaluate((input: HTMLInputElement) => input.labels?.[0]?.textContent ?? '');
    await field.fill(words[Number(/\d+/.exec(label)?.[0]) - 1] ?? '');
  }
  await page.getByRole('button', { name: 'Compare' }).click();
  await page.getByRole('heading', { name: 'Messages', exact: true }).waitFor();
  return { name, passphrase, words };
}

/** The texts of a list, by the list's name. */
async function texts(page: Page, list: string): Promise<string[]> {
  const items = page.getByRole('list', { name: list, exact: true }).getByRole('listitem');
  await items.first().waitFor();
  return (await items.allTextContents()).map((text) => text.trim());
}

/** Logs in with name and passphrase on a device that has never seen this person. */
export async function login(page: Page, name: string, passphrase: string): Promise<void> {
  await page.goto('/#/login');
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
  await page.getByRole('main').getByRole('button', { name: 'Log in' }).click();
}

/** Makes an invite on the page and returns its link. */
export async function invite(page: Page, role: 'Member' | 'Editor' | 'Operator'): Promise<string> {
  await page.goto('/#/more/invite');
  const choice = page.getByRole('combobox', { name: 'Invite as' });
  await choice.selectOption({ label: role });
  await page.getByRole('button', { name: 'Make an invite' }).click();
  return page.getByRole('textbox', { name: 'Invite link' }).inputValue();
}

/** Opens a conversation with someone, found by name. */
export async function writeTo(page: Page, name: string): Promise<void> {
  await page.goto('/#/messages/new');
  await page.getByRole('searchbox', { name: 'To whom?' }).fill(name);
  await page.getByRole('button', { name: new RegExp(`^${name}`) }).click();
  await page.getByRole('button', { name: `Write to ${name}` }).click();
  await page.getByRole('textbox', { name: 'Write a message' }).waitFor();
}

/** Opens someone's page, found in the directory by name. */
export async function openPerson(page: Page, name: string): Promise<void> {
  await page.goto('/#/people');
  await page.getByRole('link', { name: new RegExp(name) }).click();
  await page.getByRole('textbox', { name: 'Public key' }).waitFor();
}

export async function say(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Write a message' }).fill(text);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
}

/** A message's line in the open conversation. */
export function line(page: Page, text: string) {
  return page.getByRole('list', { name: 'Messages of this conversation' }).getByRole('listitem').filter({ hasText: text });
}
