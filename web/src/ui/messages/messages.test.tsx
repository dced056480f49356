import { signal } from '@preact/signals';
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/preact';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { setLanguage } from '../../state/i18n';
import { conversations, discard, inboxLoad, markRead, messagesOf, resend, send } from '../../state/inbox';
import { cardState, session } from '../../state/session';
import { CodedError, type Message } from '../../state/types';
import { peopleLoad, roster } from '../../state/people';
import { route, startRouter } from '../router';
import { Composer } from './Composer';
import { ConversationList } from './ConversationList';
import { ConversationPage, firstUnread } from './ConversationPage';
import { linked } from './linked';
import { NewConversation } from './NewConversation';

const { drafts } = vi.hoisted(() => ({ drafts: new Map<string, { value: string; peek(): string }>() }));
vi.mock('../../state/inbox', async (original) => ({
  ...(await original<typeof import('../../state/inbox')>()),
  messagesOf: vi.fn(),
  messageDraft: vi.fn((id: string) => drafts.get(id)),
  moreMessages: vi.fn(() => ({ value: false, peek: () => false })),
  loadOlder: vi.fn(),
  markRead: vi.fn(),
  send: vi.fn(),
  resend: vi.fn(),
  discard: vi.fn(),
  openConversation: (people: string[]) => [...people].sort().join(','),
}));
vi.mock('../../state/people', async (original) => ({
  ...(await original<typeof import('../../state/people')>()),
  person: (pubkey: string) => ({ pubkey, name: names[pubkey] || pubkey, npub: '' }),
  findPeople: (query: string) =>
    Object.keys(names).filter((k) => (names[k] as string).includes(query)).map((pubkey) => ({ pubkey, name: names[pubkey], npub: '' })),
}));

const [me, mina, yusuf] = ['0'.repeat(64), 'a'.repeat(64), 'b'.repeat(64)];
const names: Record<string, string> = { [mina]: 'Mina', [yusuf]: 'Yusuf' };
const noon = new Date(2024, 4, 12, 12).getTime() / 1000;
let count = 0;
const message = (m: Partial<Message>): Message => ({
  id: `id${++count}`, conversation: mina, author: mina, mine: false, text: 'hello', at: noon, state: 'sent', ...m,
});

let stop: () => void;
beforeAll(() => setLanguage('en'));
beforeEach(() => {
  stop = startRouter();
  session.value = { pubkey: me, name: 'Ada', role: 'member', stay: true };
  cardState.value = 'done';
  inboxLoad.value = 'ready';
  conversations.value = [];
  roster.value = new Map();
  peopleLoad.value = 'ready';
  drafts.clear();
  for (const f of [send, resend, discard, markRead]) vi.mocked(f).mockReset();
  vi.mocked(send).mockResolvedValue();
  vi.mocked(resend).mockResolvedValue();
  vi.mocked(discard).mockResolvedValue();
});
afterEach(() => {
  stop();
  cleanup();
});

function show(list: Message[], unread = 0) {
  const messages = signal(list);
  vi.mocked(messagesOf).mockReturnValue(messages);
  drafts.set(mina, signal(''));
  conversations.value = [{ id: mina, people: [mina], unread, last: list[list.length - 1] }];
  render(<ConversationPage id={mina} />);
  return messages;
}

describe('a conversation', () => {
  it('says how far each of one’s messages has come', () => {
    const mine = { mine: true, author: me };
    show([message({ ...mine, state: 'sent' }), message({ ...mine, state: 'sending' }), message({ ...mine, state: 'failed' })]);
    for (const word of ['Sent', 'Sending', 'Not sent']) expect(screen.getByRole('img', { name: word })).toBeTruthy();
  });

  it('shows where unread begins, once, and counts it as read', () => {
    const last = message({ text: 'third', at: noon + 20 });
    show([message({ text: 'first' }), message({ text: 'second', at: noon + 10 }), last], 2);
    const items = Array.from(screen.getByRole('list', { name: 'Messages of this conversation' }).children);
    const mark = items.findIndex((e) => e.textContent === 'New from here');
    expect(items[mark - 1]?.textContent).toContain('first');
    expect(items[mark + 1]?.textContent).toContain('second');
    expect(markRead).toHaveBeenCalledWith(mina);
  });

  it('does not call new what comes in while one looks', async () => {
    const messages = show([message({ text: 'first' })]);
    messages.value = [...messages.value, message({ text: 'second', at: noon + 10 })];
    expect(await screen.findByText('second')).toBeTruthy();
    expect(screen.queryByText('New from here')).toBeNull();
  });

  it('begins each day with its name', () => {
    show([message({ at: noon }), message({ at: noon + 24 * 3600 })]);
    const days = Array.from(document.querySelectorAll('.conversation__day')).map((e) => e.textContent);
    expect(days).toEqual(['May 12, 2024', 'May 13, 2024']);
  });

  it('offers two ways on for what was not sent', async () => {
    const failed = message({ mine: true, author: me, state: 'failed', error: 'not-allowed' });
    show([failed]);
    expect(screen.getByRole('group', { name: 'Not sent.' }).textContent).toContain('Your role does not allow this');
    fireEvent.click(screen.getByRole('button', { name: 'Send again' }));
    expect(resend).toHaveBeenCalledWith(mina, failed.id);
    fireEvent.click(screen.getByRole('button', { name: 'Discard' }));
    expect(discard).not.toHaveBeenCalled();
    const dialog = screen.getByRole('dialog', { name: 'Discard this message?' });
    fireEvent.click(dialog.querySelector('.button--danger') as Element);
    await waitFor(() => expect(discard).toHaveBeenCalledWith(mina, failed.id));
  });

  it('counts back to the first unread of others', () => {
    const list = [message({ id: 'a' }), message({ id: 'b' }), message({ id: 'c', mine: true }), message({ id: 'd' })];
    expect(firstUnread(list, 0)).toBeNull();
    expect(firstUnread(list, 2)).toBe('b');
    expect(firstUnread(list, 9)).toBe('a');
  });
});

describe('the composer', () => {
  const area = () => screen.getByRole('textbox', { name: 'Write a message' }) as HTMLTextAreaElement;
  const pointer = (fine: boolean) =>
    vi.stubGlobal('matchMedia', (query: string) => ({ matches: fine && query === '(pointer: fine)' }));
  afterEach(() => vi.unstubAllGlobals());

  function compose(text: string) {
    const draft = signal(text);
    drafts.set(mina, draft);
    render(<Composer id={mina} onSent={() => undefined} />);
    return draft;
  }

  it('sends what is written and starts anew', () => {
    const draft = compose('');
    expect((screen.getByRole('button', { name: 'Send' }) as HTMLButtonElement).disabled).toBe(true);
    fireEvent.input(area(), { target: { value: ' good evening ' } });
    fireEvent.click(screen.getByRole('button', { name: 'Send' }));
    expect(send).toHaveBeenCalledWith(mina, 'good evening');
    expect(draft.value).toBe('');
  });

  it('sends by Enter with a keyboard, not with Shift nor while a syllable is composed', () => {
    pointer(true);
    compose('안녕');
    fireEvent.keyDown(area(), { key: 'Enter', isComposing: true });
    fireEvent.keyDown(area(), { key: 'Enter', shiftKey: true });
    expect(send).not.toHaveBeenCalled();
    fireEvent.keyDown(area(), { key: 'Enter' });
    expect(send).toHaveBeenCalledWith(mina, '안녕');
  });

  it('leaves Enter to new lines on a phone', () => {
    pointer(false);
    compose('hello');
    fireEvent.keyDown(area(), { key: 'Enter' });
    expect(send).not.toHaveBeenCalled();
  });

  it('gives back what could not be kept', async () => {
    vi.mocked(send).mockRejectedValue(new CodedError('storage-full'));
    const draft = compose('important');
    fireEvent.click(screen.getByRole('button', { name: 'Send' }));
    await waitFor(() => expect(draft.value).toBe('important'));
  });
});

describe('the list of conversations', () => {
  it('says what will be here', () => {
    render(<ConversationList />);
    expect(screen.getByRole('heading', { name: 'No messages yet' })).toBeTruthy();
    expect(screen.getAllByRole('link', { name: 'New message' }).length).toBeGreaterThan(0);
  });

  it('tells who, what and how many', () => {
    conversations.value = [
      { id: mina, people: [mina], unread: 2, last: message({ text: 'come over' }) },
      { id: `${mina},${yusuf}`, people: [mina, yusuf], unread: 0, last: message({ author: yusuf, text: 'tea?' }) },
      { id: me, people: [me], unread: 0, last: message({ mine: true, text: 'buy salt' }) },
    ];
    render(<ConversationList />);
    expect(screen.getByRole('link', { name: /^Mina.*come over.*2 unread/ })).toBeTruthy();
    expect(screen.getByRole('link', { name: /Mina, Yusuf.*Yusuf.?: .?tea\?/ })).toBeTruthy();
    expect(screen.getByRole('link', { name: /Notes to myself.*You: .?buy salt/ })).toBeTruthy();
  });

  it('finds by name and by words', () => {
    conversations.value = Array.from({ length: 6 }, (_, i) => {
      const key = i === 0 ? mina : i.toString(16).repeat(64).slice(0, 64);
      return { id: key, people: [key], unread: 0, last: message({ text: i === 3 ? 'the goats' : 'nothing' }) };
    });
    render(<ConversationList />);
    const search = screen.getByRole('searchbox');
    fireEvent.input(search, { target: { value: 'Mina' } });
    expect(screen.getAllByRole('listitem')).toHaveLength(1);
    fireEvent.input(search, { target: { value: 'GOATS' } });
    expect(screen.getByRole('listitem').textContent).toContain('the goats');
    fireEvent.input(search, { target: { value: 'xyz' } });
    expect(screen.getByRole('heading', { name: /Nothing found for “xyz”/ })).toBeTruthy();
  });

  it('reminds of the card until it is safe', () => {
    cardState.value = 'seen';
    render(<ConversationList />);
    expect(screen.getByRole('link', { name: 'Show the card' })).toBeTruthy();
  });
});

describe('a new message', () => {
  it('offers notes to oneself where nobody else is', async () => {
    render(<NewConversation />);
    fireEvent.click(screen.getByRole('button', { name: /Notes to myself/ }));
    await waitFor(() => expect(route.value.parts[1]).toBe(me));
  });

  it('goes to several people at once', async () => {
    roster.value = new Map([[me, 'member'], [mina, 'member'], [yusuf, 'member']]);
    render(<NewConversation />);
    const go = () => screen.getByRole('button', { name: /^(Choose|Write)/ }) as HTMLButtonElement;
    expect(go().disabled).toBe(true);
    const search = screen.getByRole('searchbox', { name: 'To whom?' });
    for (const name of ['Mina', 'Yusuf']) {
      fireEvent.input(search, { target: { value: name } });
      fireEvent.keyDown(search, { key: 'Enter' });
    }
    expect(screen.getByRole('list', { name: 'Chosen people' }).textContent).toBe('MinaYusuf');
    expect(go().textContent).toBe('Write to Mina, Yusuf');
    fireEvent.click(go());
    await waitFor(() => expect(route.value.parts[1]).toBe(`${mina},${yusuf}`));
  });
});

describe('addresses in a text', () => {
  it('become links, and nothing else does', () => {
    render(<p>{linked('see http://a.b/c?d=1, or <b>https://x.y</b>. javascript:alert(1)')}</p>);
    expect(screen.getAllByRole('link').map((a) => a.getAttribute('href'))).toEqual(['http://a.b/c?d=1', 'https://x.y']);
    expect(document.querySelector('p')?.textContent).toBe('see http://a.b/c?d=1, or <b>https://x.y</b>. javascript:alert(1)');
  });

  it('take no more work for being built to be slow', () => {
    const hostile = `http://a${')'.repeat(60_000)}x`;
    for (let i = 0; i < 20; i++) expect(linked(`${hostile} ${hostile}!`)).toHaveLength(5);
  });
});
