import { cleanup, render, screen } from '@testing-library/preact';
import { render as draw } from 'preact';
import { afterEach, expect, it } from 'vitest';
import { lazy } from './lazy';

afterEach(cleanup);

const page = { default: () => <h1>Here I am</h1> };

it('shows a page when its code has come', async () => {
  const Lazy = lazy(() => Promise.resolve(page), 'rows');
  render(<Lazy />);
  expect(await screen.findByRole('heading', { name: 'Here I am' })).toBeTruthy();
});

it('shows a page that was fetched ahead between its first drawing and its first effect', async () => {
  const Lazy = lazy(() => Promise.resolve(page), 'rows');
  const ahead = Lazy.fetch();
  const place = document.body.appendChild(document.createElement('div'));
  draw(<Lazy />, place); // as on a page, where effects run after the next frame; the test library's render runs them at once
  await ahead;
  expect(await screen.findByRole('heading', { name: 'Here I am' })).toBeTruthy();
  draw(null, place);
  place.remove();
});

it('says so when the code does not come', async () => {
  const Lazy = lazy(() => Promise.reject(new Error('the line broke')), 'rows');
  render(<Lazy />);
  expect(await screen.findByRole('alert')).toBeTruthy();
});
