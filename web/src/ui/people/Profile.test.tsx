import { cleanup, render, screen } from '@testing-library/preact';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { setLanguage } from '../../state/i18n';
import { confirmedAddress } from '../../state/nip05';
import { person } from '../../state/people';
import { Profile } from './Profile';

vi.mock('../../state/nip05', () => ({ confirmedAddress: vi.fn() }));
vi.mock('../../state/people', async (original) => ({
  ...(await original<typeof import('../../state/people')>()),
  person: vi.fn(),
}));

const key = '1'.repeat(64);
beforeAll(() => setLanguage('en'));
afterEach(cleanup);

it('shows the address that the node confirms, and no other', async () => {
  vi.mocked(person).mockReturnValue({ pubkey: key, name: 'Mina', nip05: 'teacher@node', npub: 'npub1x' });
  vi.mocked(confirmedAddress).mockResolvedValueOnce(undefined);
  render(<Profile pubkey={key} />);
  expect(confirmedAddress).toHaveBeenCalledWith('teacher@node', key);
  await vi.mocked(confirmedAddress).mock.results[0]?.value;
  expect(screen.queryByText(/teacher@/)).toBeNull();
  cleanup();
  vi.mocked(confirmedAddress).mockResolvedValueOnce('teacher@here');
  render(<Profile pubkey={key} />);
  expect(await screen.findByText('teacher@here')).toBeTruthy();
});
