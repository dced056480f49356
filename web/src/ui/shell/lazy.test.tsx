import { cleanup, render, screen } from '@testing-library/preact';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { setLanguage } from '../../state/i18n';
import { lazy } from './lazy';

beforeAll(() => setLanguage('en'));
afterEach(cleanup);

const page = { default: () => <p>here it is</p> };

it('stands at once when it was fetched ahead', async () => {
  const load = vi.fn().mockResolvedValue(page);
  const Page = lazy(load, 'rows');
  await Page.fetch();
  render(<Page />);
  expect(screen.getByText('here it is')).toBeTruthy();
  expect(load).toHaveBeenCalledTimes(1);
});

it('is fetched again when it did not come ahead of time', async () => {
  const load = vi.fn().mockRejectedValueOnce(new Error('offline')).mockResolvedValue(page);
  const Page = lazy(load, 'rows');
  await expect(Page.fetch()).rejects.toThrow('offline');
  render(<Page />);
  expect(await screen.findByText('here it is')).toBeTruthy();
});

it('says that it did not come, and how to go on', async () => {
  const Page = lazy(vi.fn().mockRejectedValue(new Error('offline')), 'rows');
  render(<Page />);
  expect((await screen.findByRole('alert')).textContent).toContain('This page did not load');
  expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy();
});
