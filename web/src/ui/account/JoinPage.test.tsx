import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/preact';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { setLanguage } from '../../state/i18n';
import { checkInvite, generatePassphrase, join } from '../../state/session';
import { CodedError } from '../../state/types';
import { route, startRouter } from '../router';
import JoinPage from './JoinPage';

vi.mock('../../state/session', async (original) => ({
  ...(await original<typeof import('../../state/session')>()),
  checkInvite: vi.fn(),
  generatePassphrase: vi.fn(),
  join: vi.fn(),
}));

const code = '0123456789abcdefghjk';
const offered = 'river lamp stone evening paper gate';
let stop: () => void;
beforeAll(() => setLanguage('en'));
beforeEach(() => {
  location.hash = `#/join/${code}`;
  stop = startRouter();
  vi.mocked(checkInvite).mockReset().mockResolvedValue({ role: 'member', node: 'Willow Bend' });
  vi.mocked(generatePassphrase).mockReset().mockResolvedValue(offered);
  vi.mocked(join).mockReset().mockResolvedValue();
});
afterEach(() => {
  stop();
  cleanup();
});

const type = (label: string, value: string) => fireEvent.input(screen.getByLabelText(label), { target: { value } });
const press = (name: string) => fireEvent.click(screen.getByRole('button', { name }));

async function throughName(name: string) {
  render(<JoinPage />);
  await screen.findByRole('heading', { level: 1, name: 'Join Willow Bend' });
  type('Name', name);
  press('Next');
}

describe('joining', () => {
  it('checks the invite and says which place it is for', async () => {
    render(<JoinPage />);
    expect(await screen.findByText(/You are invited to Willow Bend/)).toBeTruthy();
    expect(checkInvite).toHaveBeenCalledWith(code);
  });

  it('explains an invite that no longer works', async () => {
    vi.mocked(checkInvite).mockRejectedValue(new CodedError('invite-used'));
    render(<JoinPage />);
    expect((await screen.findByRole('alert')).textContent).toContain('This invite has been used already.');
    expect(screen.getByRole('link', { name: 'Use another invite' })).toBeTruthy();
  });

  it('goes on only after the passphrase is on paper', async () => {
    await throughName('Mina');
    const words = await screen.findByRole('list', { name: 'Passphrase' });
    expect(words.textContent).toBe(offered.replace(/ /g, ''));
    press('I wrote it on paper');
    type('The last word of your passphrase', 'door');
    press('Create my account');
    expect(screen.getByRole('alert').textContent).toContain('not the last word');
    expect(join).not.toHaveBeenCalled();
    type('The last word of your passphrase', ' Gate ');
    press('Create my account');
    expect(join).toHaveBeenCalledWith(expect.objectContaining({ code, name: 'Mina', passphrase: offered, stay: true }));
    await waitFor(() => expect(route.value.path).toBe('/card'));
  });

  it('takes a passphrase of one’s own, if it is long, typed twice alike', async () => {
    const own = 'under the persimmon tree at dusk';
    await throughName('Mina');
    await screen.findByRole('list', { name: 'Passphrase' });
    press('Choose my own');
    type('Your own passphrase', 'short one');
    press('Next');
    expect(screen.getByRole('alert').textContent).toContain('Too short');
    type('Your own passphrase', own);
    press('Next');
    type('Your passphrase once more', `${own}!`);
    press('Create my account');
    expect(screen.getByRole('alert').textContent).toContain('not the same');
    type('Your passphrase once more', `  ${own} `);
    press('Create my account');
    expect(join).toHaveBeenCalledWith(expect.objectContaining({ passphrase: own }));
  });

  it('comes back to the name when somebody has it', async () => {
    vi.mocked(join).mockRejectedValue(new CodedError('name-taken'));
    await throughName('Mina');
    await screen.findByRole('list', { name: 'Passphrase' });
    press('I wrote it on paper');
    type('The last word of your passphrase', 'gate');
    press('Create my account');
    expect(await screen.findByText(/Someone here has this name/)).toBeTruthy();
    expect((screen.getByLabelText('Name') as HTMLInputElement).value).toBe('Mina');
    // The passphrase is on paper already: the new name is all that is asked for.
    vi.mocked(join).mockResolvedValue();
    type('Name', 'Mina Park');
    press('Next');
    expect(join).toHaveBeenLastCalledWith(expect.objectContaining({ name: 'Mina Park', passphrase: offered }));
    await waitFor(() => expect(route.value.path).toBe('/card'));
  });

  it('keeps the passphrase that is on paper when the node is lost on the way', async () => {
    vi.mocked(join).mockRejectedValueOnce(new CodedError('offline'));
    await throughName('Mina');
    await screen.findByRole('list', { name: 'Passphrase' });
    press('I wrote it on paper');
    type('The last word of your passphrase', 'gate');
    press('Create my account');
    expect((await screen.findByRole('alert')).textContent).toContain('the passphrase on your paper stays the same');
    press('Try again');
    expect(join).toHaveBeenLastCalledWith(expect.objectContaining({ passphrase: offered }));
    await waitFor(() => expect(route.value.path).toBe('/card'));
    expect(generatePassphrase).toHaveBeenCalledTimes(1);
  });

  it('sends who has joined by this invite before to the login', async () => {
    vi.mocked(join).mockRejectedValue(new CodedError('invite-used'));
    await throughName('Mina');
    await screen.findByRole('list', { name: 'Passphrase' });
    press('I wrote it on paper');
    type('The last word of your passphrase', 'gate');
    press('Create my account');
    expect((await screen.findByRole('alert')).textContent).toContain('If it was you, log in');
    expect(screen.getByRole('link', { name: 'Log in' }).getAttribute('href')).toBe('#/login');
  });

  it('finds the code in a pasted link', async () => {
    location.hash = '#/join';
    await waitFor(() => expect(route.value.path).toBe('/join'));
    render(<JoinPage />);
    type('Invite link or code', `http://10.1.1.1:8080/#/join/${code}`);
    press('Next');
    await waitFor(() => expect(checkInvite).toHaveBeenCalledWith(code));
  });
});
