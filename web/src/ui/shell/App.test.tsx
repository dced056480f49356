import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/preact';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { language, setLanguage } from '../../state/i18n';
import { conversations } from '../../state/inbox';
import { session, sessionLoad } from '../../state/session';
import { navigate, startRouter } from '../router';
import { App } from './App';

let stop: () => void;
beforeAll(() => setLanguage('en'));
beforeEach(async () => {
  history.replaceState(null, '', '#/');
  stop = startRouter();
  session.value = null;
  sessionLoad.value = 'ready';
  conversations.value = [];
  if (language.value !== 'en') await setLanguage('en');
});
afterEach(() => {
  stop();
  cleanup();
});

describe('the shell', () => {
  it('has five doors, and a way past them', () => {
    render(<App />);
    const doors = screen.getByRole('navigation', { name: 'Main places' });
    const words = ['Messages', 'News', 'Videos', 'People', 'More'];
    expect(Array.from(doors.querySelectorAll('li')).map((li) => li.textContent)).toEqual(words);
    fireEvent.click(screen.getByRole('link', { name: 'Skip to the content' }));
    expect(document.activeElement).toBe(screen.getByRole('main'));
  });

  it('welcomes who comes for the first time', () => {
    render(<App />);
    expect(screen.getByRole('link', { name: 'I have an invite' }).getAttribute('href')).toBe('#/join');
    expect(screen.getByRole('link', { name: 'Log in' }).getAttribute('href')).toBe('#/login');
    expect(screen.getByRole('link', { name: 'Read the news without an account' }).getAttribute('href')).toBe('#/news');
  });

  it('speaks another language at once, from the right where it is written so', async () => {
    render(<App />);
    fireEvent.click(screen.getByRole('button', { name: 'العربية' }));
    await waitFor(() => expect(document.documentElement.dir).toBe('rtl'));
    expect(document.documentElement.lang).toBe('ar');
    expect(screen.getByRole('link', { name: 'لدي دعوة' })).toBeTruthy();
  });

  it('asks strangers to log in before messages', async () => {
    render(<App />);
    navigate('#/messages', true);
    expect(await screen.findByRole('heading', { name: 'This is for people with an account' })).toBeTruthy();
    expect(screen.getByRole('link', { name: 'Messages' }).getAttribute('aria-current')).toBe('page');
  });

  it('opens a door, names the page and moves the focus to its heading', async () => {
    render(<App />);
    location.hash = '#/more';
    const heading = await screen.findByRole('heading', { level: 1, name: 'More' });
    await waitFor(() => expect(document.activeElement).toBe(heading));
    expect(document.title).toContain('More');
  });

  it('counts the unread on the door', async () => {
    render(<App />);
    conversations.value = [{ id: 'x', people: ['a'.repeat(64)], unread: 3 }];
    expect(await screen.findByRole('link', { name: /3 unread.*Messages/ })).toBeTruthy();
  });

  it('tells those who listen, once it stays unread', async () => {
    render(<App />);
    const unread = (count: number) => [{ id: 'x', people: ['a'.repeat(64)], unread: count }];
    conversations.value = unread(2);
    await waitFor(() => expect(screen.getByRole('log').textContent).toBe('2 unread'), { timeout: 3000 });
  });

  it('says so when an address leads nowhere', async () => {
    render(<App />);
    navigate('#/constructor', true);
    expect(await screen.findByRole('heading', { level: 1, name: 'There is nothing here' })).toBeTruthy();
  });
});
