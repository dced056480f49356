import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/preact';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { setLanguage } from '../../state/i18n';
import { cardState, changePassphrase, createInvite, generatePassphrase, logout, saveProfile, session } from '../../state/session';
import { CodedError } from '../../state/types';
import { route, startRouter } from '../router';
import { ChangePassphrase } from './ChangePassphrase';
import { EditProfile } from './EditProfile';
import { Invite } from './Invite';
import { Menu } from './Menu';

vi.mock('../../state/session', async (original) => ({
  ...(await original<typeof import('../../state/session')>()),
  logout: vi.fn(),
  createInvite: vi.fn(),
  saveProfile: vi.fn(),
  changePassphrase: vi.fn(),
  generatePassphrase: vi.fn(),
}));

const me = '1'.repeat(64);
let stop: () => void;
beforeAll(() => setLanguage('en'));
beforeEach(() => {
  history.replaceState(null, '', '#/more');
  stop = startRouter();
  session.value = { pubkey: me, name: 'Ada', role: 'operator', stay: true };
  cardState.value = 'done';
  vi.mocked(logout).mockReset().mockResolvedValue();
  vi.mocked(createInvite).mockReset();
  vi.mocked(saveProfile).mockReset().mockResolvedValue();
  vi.mocked(changePassphrase).mockReset().mockResolvedValue();
  vi.mocked(generatePassphrase).mockReset().mockResolvedValue('one two three four five six');
});
afterEach(() => {
  stop();
  cleanup();
  session.value = null;
});
const press = (name: string) => fireEvent.click(screen.getByRole('button', { name }));

describe('logging out', () => {
  it('asks first, then goes to the gate', async () => {
    render(<Menu />);
    press('Log out');
    expect(logout).not.toHaveBeenCalled();
    const dialog = screen.getByRole('dialog', { name: 'Log out of this device?' });
    fireEvent.click(dialog.querySelector('.button--danger') as Element);
    await waitFor(() => expect(route.value.path).toBe('/'));
    expect(logout).toHaveBeenCalledOnce();
  });

  it('warns whoever has no card on paper', () => {
    cardState.value = 'seen';
    render(<Menu />);
    press('Log out');
    expect(screen.getByRole('dialog').textContent).toContain('Your recovery card is not on paper yet.');
    expect(screen.getByRole('link', { name: 'Show the card' }).getAttribute('href')).toBe('#/card');
    expect(screen.getByRole('button', { name: 'Log out anyway' })).toBeTruthy();
  });

  it('is not offered to those who are not in', () => {
    session.value = null;
    render(<Menu />);
    expect(screen.queryByRole('button', { name: 'Log out' })).toBeNull();
    expect(screen.getByRole('link', { name: 'Log in' })).toBeTruthy();
  });
});

describe('inviting', () => {
  it('gives an operator every role, and a link with its code', async () => {
    const url = 'http://10.0.0.1/#/join/abc';
    vi.mocked(createInvite).mockResolvedValue({ url, code: 'abc', expires: 1_800_000_000 });
    render(<Invite />);
    const choice = screen.getByRole('combobox', { name: 'Invite as' });
    expect(Array.from(choice.querySelectorAll('option')).map((o) => o.textContent)).toEqual(['Member', 'Editor', 'Operator']);
    fireEvent.change(choice, { target: { value: 'editor' } });
    press('Make an invite');
    expect(createInvite).toHaveBeenCalledWith('editor');
    expect(((await screen.findByRole('textbox', { name: 'Invite link' })) as HTMLInputElement).value).toBe(url);
    expect(screen.getByRole('img', { name: 'The invite as a code' })).toBeTruthy();
    expect(screen.queryByText(/works on this computer only/)).toBeNull();
  });

  it('warns of a link that leads no phone here', async () => {
    const url = 'http://localhost:8080/#/join/abc';
    vi.mocked(createInvite).mockResolvedValue({ url, code: 'abc', expires: 1_800_000_000 });
    render(<Invite />);
    press('Make an invite');
    expect(await screen.findByText(/works on this computer only: its address is localhost:8080/)).toBeTruthy();
  });

  it('gives an editor members only, a member none', async () => {
    session.value = { pubkey: me, name: 'Ada', role: 'editor', stay: true };
    render(<Invite />);
    expect(screen.queryByRole('combobox')).toBeNull();
    session.value = { pubkey: me, name: 'Ada', role: 'member', stay: true };
    expect(await screen.findByRole('heading', { name: 'Only editors and operators invite people' })).toBeTruthy();
  });

  it('says why it did not work', async () => {
    vi.mocked(createInvite).mockRejectedValue(new CodedError('offline'));
    render(<Invite />);
    press('Make an invite');
    expect((await screen.findByText(/The node is out of reach/)).closest('[role=alert]')).toBeTruthy();
  });
});

describe('the profile', () => {
  it('saves what was written and leaves the picture as it is', async () => {
    render(<EditProfile />);
    fireEvent.input(screen.getByLabelText('Shown name'), { target: { value: ' Ada L. ' } });
    fireEvent.input(screen.getByLabelText('About you'), { target: { value: 'I mend clocks.' } });
    press('Save');
    await waitFor(() => expect(saveProfile).toHaveBeenCalledWith({ name: 'Ada L.', about: 'I mend clocks.', picture: undefined }));
  });

  it('keeps what was typed when it cannot be saved', async () => {
    vi.mocked(saveProfile).mockRejectedValue(new CodedError('name-invalid'));
    render(<EditProfile />);
    fireEvent.input(screen.getByLabelText('About you'), { target: { value: 'a story' } });
    press('Save');
    expect((await screen.findByText(/Nothing was changed/)).closest('[role=alert]')).toBeTruthy();
    expect((screen.getByLabelText('About you') as HTMLTextAreaElement).value).toBe('a story');
  });

  it('wants a name', () => {
    render(<EditProfile />);
    fireEvent.input(screen.getByLabelText('Shown name'), { target: { value: '  ' } });
    press('Save');
    expect(saveProfile).not.toHaveBeenCalled();
    expect(screen.getByText('Type a name.')).toBeTruthy();
  });
});

describe('a new passphrase', () => {
  it('says that the old one holds when the change fails', async () => {
    vi.mocked(changePassphrase).mockRejectedValue(new CodedError('timeout'));
    render(<ChangePassphrase />);
    await screen.findByRole('list', { name: 'Passphrase' });
    press('I wrote it on paper');
    fireEvent.input(screen.getByLabelText('The last word of your passphrase'), { target: { value: 'six' } });
    press('Set the new passphrase');
    expect((await screen.findByText('The old passphrase still holds.')).closest('[role=alert]')).toBeTruthy();
  });

  it('says when it is done', async () => {
    render(<ChangePassphrase />);
    await screen.findByRole('list', { name: 'Passphrase' });
    press('I wrote it on paper');
    fireEvent.input(screen.getByLabelText('The last word of your passphrase'), { target: { value: 'six' } });
    press('Set the new passphrase');
    expect(await screen.findByText('The new passphrase holds from now on')).toBeTruthy();
    expect(changePassphrase).toHaveBeenCalledWith('one two three four five six', expect.any(Function));
  });
});
