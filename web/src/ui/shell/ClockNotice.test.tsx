import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/preact';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { setLanguage } from '../../state/i18n';
import { setClock } from '../../state/node';
import { setNodeClock } from '../../state/nodeinfo';
import { session } from '../../state/session';
import { CodedError } from '../../state/types';
import { Live } from '../kit';
import { navigate, startRouter } from '../router';
import { ClockNotice } from './ClockNotice';

vi.mock('../../state/nodeinfo', () => ({ setNodeClock: vi.fn() }));

let stop: () => void;
beforeAll(() => setLanguage('en'));
beforeEach(() => {
  history.replaceState(null, '', '#/messages');
  stop = startRouter();
  session.value = { pubkey: '1'.repeat(64), name: 'Ada', role: 'operator', stay: true };
  tell(20, false);
  vi.mocked(setNodeClock).mockReset().mockImplementation(() => Promise.resolve(tell(Date.now() / 1000, true)));
});
afterEach(() => {
  stop();
  cleanup();
  session.value = null;
});

const tell = (time: number, sure: boolean) => setClock(time, sure, Date.now());
const button = () => screen.queryByRole('button', { name: 'Set the node’s clock' });

describe('the notice of a wrong clock', () => {
  it('tells an operator both times, and sets the node’s', async () => {
    render(<><ClockNotice /><Live /></>);
    const notice = screen.getByRole('note');
    expect(notice.textContent).toContain('The node does not know the time');
    expect(notice.textContent).toMatch(/The node says January 1, 1970, .*this device says .*20\d\d/);
    fireEvent.click(button() as Element);
    await waitFor(() => expect(button()).toBeNull());
    expect(setNodeClock).toHaveBeenCalledOnce();
    expect(document.body.textContent).toContain('The node has the time of this device now.');
  });

  it('stays when the node would not', async () => {
    vi.mocked(setNodeClock).mockRejectedValue(new CodedError('time-implausible'));
    render(<><ClockNotice /><Live /></>);
    fireEvent.click(button() as Element);
    await waitFor(() => expect(document.body.textContent).toContain('Check that the clock of this device is right'));
    expect(button()).toBeTruthy();
  });

  it('comes when the node is sure of another time', () => {
    tell(Date.now() / 1000 - 3600, true);
    render(<ClockNotice />);
    expect(screen.getByRole('note').textContent).toContain('The node’s clock and this one differ');
  });

  it('is not for members, nor over a conversation, nor for a minute', () => {
    session.value = { pubkey: '1'.repeat(64), name: 'Ada', role: 'member', stay: true };
    const { rerender } = render(<ClockNotice />);
    expect(button()).toBeNull();
    session.value = { pubkey: '1'.repeat(64), name: 'Ada', role: 'operator', stay: true };
    navigate('#/messages/new', true);
    rerender(<ClockNotice />);
    expect(button()).toBeNull();
    navigate('#/messages', true);
    tell(Date.now() / 1000 - 60, true);
    rerender(<ClockNotice />);
    expect(button()).toBeNull();
  });
});
