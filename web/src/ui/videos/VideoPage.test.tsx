import { signal } from '@preact/signals';
import { cleanup, fireEvent, render, screen } from '@testing-library/preact';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { setLanguage } from '../../state/i18n';
import { online } from '../../state/node';
import type { Video } from '../../state/types';
import { startRouter } from '../router';
import { VideoPage } from './VideoPage';

const film: Video = {
  address: 'naddr1film',
  d: 'film',
  pubkey: '1'.repeat(64),
  title: 'Mending nets',
  description: '',
  publishedAt: 1_700_000_000,
  duration: 40,
  renditions: [{ sha256: '2'.repeat(64), url: `/${'2'.repeat(64)}.mp4`, width: 426, height: 240, size: 1_100_000, type: 'video/mp4' }],
};

vi.mock('../../state/videos', async (original) => ({
  ...(await original<typeof import('../../state/videos')>()),
  video: () => signal(film),
}));

let stop: () => void;
beforeAll(() => setLanguage('en'));
beforeEach(() => {
  stop = startRouter();
});
afterEach(() => {
  stop();
  cleanup();
  online.value = false;
});

describe('a video that does not play', () => {
  const fail = () => {
    const { container } = render(<VideoPage address="naddr1film" />);
    fireEvent.error(container.querySelector('video') as HTMLVideoElement);
    return screen.getByRole('alert').textContent;
  };

  it('is not blamed on the phone when the node is out of reach', () => {
    online.value = false;
    expect(fail()).toContain('The node is out of reach');
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('is offered for download when the phone cannot', () => {
    online.value = true;
    expect(fail()).toContain('Download it and open it in another program');
  });
});
