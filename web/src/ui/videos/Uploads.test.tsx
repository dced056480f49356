import { cleanup, render, screen } from '@testing-library/preact';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { setLanguage } from '../../state/i18n';
import type { VideoUpload } from '../../state/types';
import { uploads } from '../../state/videos';
import { Uploads } from './Uploads';

beforeAll(() => setLanguage('en'));
afterEach(() => {
  cleanup();
  uploads.value = [];
});

const stopped: VideoUpload = {
  id: 'a',
  file: 'nets.mp4',
  title: 'Mending nets',
  description: '',
  language: 'en',
  size: 1000,
  stage: 'stopped',
  progress: 0,
};

it('lets what was stopped go on', () => {
  uploads.value = [stopped];
  render(<Uploads />);
  expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy();
  expect(screen.queryByText(/The page was closed/)).toBeNull();
});

it('says why what lost its file cannot go on, and leads to the file', () => {
  uploads.value = [{ ...stopped, lost: true }];
  render(<Uploads />);
  expect(screen.getByText(/The page was closed before all of it was sent/)).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Try again' })).toBeNull();
  expect(screen.getByRole('link', { name: 'Add a video' }).getAttribute('href')).toBe('#/videos/add');
});
