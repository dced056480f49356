import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/preact';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { setLanguage } from '../../state/i18n';
import { peopleLoad, roster } from '../../state/people';
import { session } from '../../state/session';
import { route, startRouter } from '../router';
import PeopleArea from './PeopleArea';

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

  it('takes no address that is not a person', () => {
    history.replaceState(null, '', '#/people/<script>');
    stop();
    stop = startRouter();
    render(<PeopleArea />);
    expect(screen.getByRole('heading', { level: 1, name: 'There is nothing here' })).toBeTruthy();
  });
});

describe('a profile', () => {
  const open = (key: string) => {
    history.replaceState(null, '', `#/people/${key}`);
    stop();
    stop = startRouter();
    render(<PeopleArea />);
  };

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
