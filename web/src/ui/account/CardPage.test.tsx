import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/preact';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { setLanguage } from '../../state/i18n';
import { cardState, confirmCard, recoveryCard, setCardDone, skipCard } from '../../state/session';
import { route, startRouter } from '../router';
import CardPage from './CardPage';

vi.mock('../../state/session', async (original) => ({
  ...(await original<typeof import('../../state/session')>()),
  recoveryCard: vi.fn(),
  confirmCard: vi.fn(),
  skipCard: vi.fn(),
  setCardDone: vi.fn(),
}));

const words = Array.from({ length: 24 }, (_, i) => `word${i + 1}`);
let stop: () => void;
beforeAll(() => setLanguage('en'));
beforeEach(() => {
  location.hash = '#/card';
  stop = startRouter();
  cardState.value = 'seen';
  vi.mocked(recoveryCard).mockReset().mockResolvedValue({ words, nsec: 'nsec1x', npub: 'npub1x' });
  vi.mocked(confirmCard).mockReset();
  vi.mocked(skipCard).mockReset();
  vi.mocked(setCardDone).mockReset();
});
afterEach(() => {
  stop();
  cleanup();
});
const press = (name: string) => fireEvent.click(screen.getByRole('button', { name }));

describe('the recovery card', () => {
  it('shows its words in order and a code', async () => {
    render(<CardPage />);
    const list = await screen.findByRole('list', { name: 'The 24 words' });
    expect(Array.from(list.children).map((e) => e.textContent)).toEqual(words);
    expect(screen.getByRole('img', { name: 'The card as a code' })).toBeTruthy();
  });

  it('asks for two different words before it is done', async () => {
    vi.mocked(confirmCard).mockResolvedValueOnce(false).mockResolvedValueOnce(true);
    render(<CardPage />);
    await screen.findByRole('list', { name: 'The 24 words' });
    press('I have written it down');
    const asked = screen.getAllByRole('textbox').map((input) => Number(/\d+/.exec((input as HTMLInputElement).labels?.[0]?.textContent || '')?.[0]));
    expect(new Set(asked).size).toBe(2);
    screen.getAllByRole('textbox').forEach((input, i) => fireEvent.input(input, { target: { value: ` Word${asked[i]} ` } }));
    press('Compare');
    expect(confirmCard).toHaveBeenCalledWith(asked.map((n) => ({ index: n - 1, word: `word${n}` })));
    expect(await screen.findByText(/These are not the words/)).toBeTruthy();
    press('Compare');
    await waitFor(() => expect(route.value.path).toBe('/messages'));
  });

  it('asks once more before it is put off', async () => {
    render(<CardPage />);
    await screen.findByRole('list', { name: 'The 24 words' });
    press('Later');
    expect(skipCard).not.toHaveBeenCalled();
    expect(screen.getByRole('dialog', { name: 'Go on without the card?' })).toBeTruthy();
    press('Cancel');
    expect(screen.queryByRole('dialog')).toBeNull();
    press('Later');
    press('Go on without it');
    expect(skipCard).toHaveBeenCalledOnce();
    await waitFor(() => expect(route.value.path).toBe('/messages'));
  });
});
