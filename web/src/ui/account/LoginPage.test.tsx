import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/preact';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { setLanguage } from '../../state/i18n';
import { login, loginWithCard } from '../../state/session';
import { CodedError } from '../../state/types';
import { route, startRouter } from '../router';
import LoginPage from './LoginPage';

vi.mock('../../state/session', async (original) => ({
  ...(await original<typeof import('../../state/session')>()),
  login: vi.fn(),
  loginWithCard: vi.fn(),
}));

let stop: () => void;
beforeAll(() => setLanguage('en'));
beforeEach(() => {
  location.hash = '#/login';
  stop = startRouter();
});
afterEach(() => {
  stop();
  cleanup();
  vi.mocked(login).mockReset();
  vi.mocked(loginWithCard).mockReset();
});

const type = (label: string | RegExp, value: string) =>
  fireEvent.input(screen.getByLabelText(label), { target: { value } });
const press = (name: string) => fireEvent.click(screen.getByRole('button', { name }));

describe('logging in', () => {
  it('asks for what is missing', () => {
    render(<LoginPage />);
    press('Log in');
    expect(screen.getByText('Type a name.')).toBeTruthy();
    expect(screen.getByText('Type your passphrase.')).toBeTruthy();
    expect(login).not.toHaveBeenCalled();
  });

  it('opens the messages', async () => {
    vi.mocked(login).mockResolvedValue();
    render(<LoginPage />);
    type('Name', ' Mina ');
    type('Passphrase', 'six words by the evening lamp');
    fireEvent.click(screen.getByRole('checkbox', { name: /Stay logged in/ }));
    press('Log in');
    expect(login).toHaveBeenCalledWith(
      expect.objectContaining({ name: 'Mina', passphrase: 'six words by the evening lamp', stay: false }),
    );
    await waitFor(() => expect(route.value.path).toBe('/messages'));
  });

  it('says how long to wait after too many guesses', async () => {
    vi.mocked(login).mockRejectedValue(new CodedError('too-many-guesses', undefined, 61));
    render(<LoginPage />);
    type('Name', 'Mina');
    type('Passphrase', 'something else');
    press('Log in');
    expect((await screen.findByRole('alert')).textContent).toContain('Wait 2 minutes, then try again.');
  });

  it('says what went wrong and keeps what was typed', async () => {
    vi.mocked(login).mockRejectedValue(new CodedError('wrong-passphrase'));
    render(<LoginPage />);
    type('Name', 'Mina');
    type('Passphrase', 'something else');
    press('Log in');
    const alarm = await screen.findByText('Name and passphrase do not fit together.');
    expect(alarm.closest('[role=alert]')).toBeTruthy();
    expect((screen.getByLabelText('Passphrase') as HTMLInputElement).value).toBe('something else');
  });

  it('takes the recovery card', async () => {
    vi.mocked(loginWithCard).mockResolvedValue();
    render(<LoginPage />);
    press('Recovery card');
    press('Log in');
    expect(screen.getByText('Type the words, or photograph the code.')).toBeTruthy();
    type('The 24 words of your card', ' nsec1abc ');
    press('Log in');
    expect(loginWithCard).toHaveBeenCalledWith({ secret: 'nsec1abc', stay: true });
    await waitFor(() => expect(route.value.path).toBe('/messages'));
  });
});
