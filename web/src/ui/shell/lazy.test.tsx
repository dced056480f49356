import { render, screen } from '@testing-library/preact';
import { expect, it } from 'vitest';
import { lazy } from './lazy';

const page = { default: () => <h1>Here I am</h1> };

it('shows a page when its code has come', async () => {
  const Lazy = lazy(() => Promise.resolve(page), 'rows');
  render(<Lazy />);
  expect(await screen.findByRole('heading', { name: 'Here I am' })).toBeTruthy();
});

it('shows a page that was fetched ahead between its first drawing and its first effect', async () => {
  let arrive = (): void => undefined;
  const Lazy = lazy(
    () =>
      new Promise((done) => {
        arrive = () => done(page);
      }),
    'rows',
  );
  const ahead = Lazy.fetch();
  const Beside = () => {
    arrive(); // resolves while the tree is drawn; effects run only after
    return <Lazy />;
  };
  render(<Beside />);
  await ahead;
  expect(await screen.findByRole('heading', { name: 'Here I am' })).toBeTruthy();
});

it('says so when the code does not come', async () => {
  const Lazy = lazy(() => Promise.reject(new Error('the line broke')), 'rows');
  render(<Lazy />);
  expect(await screen.findByRole('alert')).toBeTruthy();
});
