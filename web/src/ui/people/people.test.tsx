import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/preact';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { setLanguage } from '../../state/i18n';
import { peopleLoad, removeMember, roster, setRole } from '../../state/people';
import { session } from '../../state/session';
import { CodedError, type Role } from '../../state/types';
import { Live } from '../kit';
import { route, startRouter } from '../router';
import PeopleArea from './PeopleArea';

vi.mock('../../state/people', async (original) => ({
  ...(await original<typeof import('../../state/people')>()),
  setRole: vi.fn(),
  removeMember: vi.fn(),
}));

const [me, other, boss] = ['1'.repeat(64), '2'.repeat(64), '3'.repeat(64)];
let stop: () => void;
beforeAll(() => setLanguage('en'));
beforeEach(() => {
  history.replaceState(null, '', '#/people');
  stop = startRouter();
  peopleLoad.value = 'ready';
  roster.value = new Map([[me, 'member'], [other, 'member'], [boss, 'operator']]);
  session.value = { pubkey: me, name: 'Ada', role: 'member', stay: true };
});
afterEach(() => {
  stop();
  cleanup();
  session.value = null;
  roster.value = null;
});

describe('the directory', () => {
  it('lists everyone, says who runs the place and which one is you', () => {
    render(<PeopleArea />);
    const rows = screen.getAllByRole('listitem').map((row) => row.textContent || '');
    expect(rows).toHaveLength(3);
    expect(rows.filter((text) => text.includes('Operator'))).toHaveLength(1);
    expect(rows.filter((text) => text.includes('you'))).toHaveLength(1);
  });

  it('offers invites only to those who may give them', () => {
    render(<PeopleArea />);
    expect(screen.queryByRole('link', { name: 'Invite people' })).toBeNull();
    session.value = { pubkey: me, name: 'Ada', role: 'editor', stay: true };
    return waitFor(() => expect(screen.getByRole('link', { name: 'Invite people' })).toBeTruthy());
  });

  it('tells apart nobody, nobody found and no connection', async () => {
    render(<PeopleArea />);
    fireEvent.input(screen.getByRole('searchbox'), { target: { value: 'zzz' } });
    expect(screen.getByRole('heading', { name: /Nothing found for “zzz”/ })).toBeTruthy();
    fireEvent.input(screen.getByRole('searchbox'), { target: { value: '' } });
    roster.value = new Map();
    expect(await screen.findByRole('heading', { name: 'Nobody else is here yet' })).toBeTruthy();
    peopleLoad.value = 'offline';
    expect(await screen.findByRole('heading', { name: 'The list of people did not come' })).toBeTruthy();
  });

  it('shows the first operator what to do next', () => {
    roster.value = new Map([[me, 'operator']]);
    session.value = { pubkey: me, name: 'Ada', role: 'operator', stay: true };
    render(<PeopleArea />);
    expect(screen.getAllByRole('listitem')).toHaveLength(1);
    expect(screen.getByRole('heading', { name: 'Nobody else is here yet' })).toBeTruthy();
    expect(screen.getAllByRole('link', { name: 'Invite people' })).toHaveLength(2);
  });

  it('takes no address that is not a person', () => {
    history.replaceState(null, '', '#/people/<script>');
    stop();
    stop = startRouter();
    render(<PeopleArea />);
    expect(screen.getByRole('heading', { level: 1, name: 'There is nothing here' })).toBeTruthy();
  });
});

const open = (key: string) => {
  history.replaceState(null, '', `#/people/${key}`);
  stop();
  stop = startRouter();
  render(<PeopleArea />);
};

describe('a profile', () => {
  it('shows the public key and lets one’s own be changed', () => {
    open(me);
    expect((screen.getByRole('textbox', { name: 'Public key' }) as HTMLInputElement).value).toMatch(/^npub1/);
    expect(screen.getByRole('link', { name: 'My profile' }).getAttribute('href')).toBe('#/more/profile');
    expect(screen.queryByRole('button', { name: 'Write a message' })).toBeNull();
  });

  it('asks strangers to log in before writing', () => {
    session.value = null;
    open(other);
    expect(screen.getByText('Log in to write to each other.')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Write a message' })).toBeNull();
    expect(route.value.parts[1]).toBe(other);
  });
});

describe('what an operator decides about someone', () => {
  const says = async (words: RegExp) =>
    waitFor(() => expect(screen.getAllByRole('status').map((one) => one.textContent).join()).toMatch(words));
  const choice = () => screen.getByRole<HTMLSelectElement>('combobox', { name: 'Role' });

  beforeEach(() => {
    session.value = { pubkey: boss, name: 'Oh', role: 'operator', stay: true };
    vi.mocked(setRole).mockReset();
    vi.mocked(removeMember).mockReset();
    render(<Live />);
  });

  it.each<[string, Role | null, string]>([
    ['a member', 'member', other],
    ['an editor', 'editor', other],
    ['a stranger', null, other],
    ['an operator about themselves', 'operator', boss],
    ['an operator about who is not here', 'operator', '4'.repeat(64)],
  ])('is not offered to %s', (_, role, about) => {
    session.value = role && { pubkey: role === 'operator' ? boss : me, name: 'Ada', role, stay: true };
    open(about);
    expect(screen.getByRole('textbox', { name: 'Public key' })).toBeTruthy();
    expect(screen.queryByRole('combobox', { name: 'Role' })).toBeNull();
    expect(screen.queryByRole('button', { name: 'Remove from here' })).toBeNull();
  });

  it('gives a role once, and follows the roster', async () => {
    let done = () => {};
    vi.mocked(setRole).mockReturnValue(new Promise((resolve) => (done = resolve)));
    open(other);
    expect(choice().value).toBe('member');
    fireEvent.change(choice(), { target: { value: 'editor' } });
    fireEvent.change(choice(), { target: { value: 'operator' } });
    expect(vi.mocked(setRole).mock.calls).toEqual([[other, 'editor']]);
    roster.value = new Map([[me, 'member'], [other, 'editor'], [boss, 'operator']]);
    done();
    await says(/role is now Editor/);
    expect(choice().value).toBe('editor');
  });

  it('says why a role was not given, and shows the one that holds', async () => {
    vi.mocked(setRole).mockRejectedValue(new CodedError('last-operator'));
    open(other);
    fireEvent.change(choice(), { target: { value: 'editor' } });
    await says(/This is the last operator/);
    await waitFor(() => expect(choice().value).toBe('member'));
  });

  it('asks before it removes someone, then goes back to the list', async () => {
    vi.mocked(removeMember).mockResolvedValue();
    open(other);
    fireEvent.click(screen.getByRole('button', { name: 'Remove from here' }));
    expect(removeMember).not.toHaveBeenCalled();
    const dialog = screen.getByRole('dialog', { name: /^Remove .* from here\?$/ });
    expect(dialog.textContent).toContain('What they wrote stays.');
    fireEvent.click(dialog.querySelector('.button--danger') as Element);
    await waitFor(() => expect(route.value.path).toBe('/people'));
    expect(vi.mocked(removeMember).mock.calls).toEqual([[other]]);
    await says(/was removed from here/);
  });

  it('says why someone was not removed', async () => {
    vi.mocked(removeMember).mockRejectedValue(new CodedError('not-allowed'));
    open(other);
    fireEvent.click(screen.getByRole('button', { name: 'Remove from here' }));
    fireEvent.click(screen.getByRole('dialog').querySelector('.button--danger') as Element);
    await says(/Your role does not allow this/);
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(route.value.parts[1]).toBe(other);
  });
});
