// Conversations: what has come (gift wraps, opened in the worker) and what goes out (the outbox).
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { kind, type NostrEvent } from '../protocol/event';
import { behind, maybeMe, onUp, the, whoAmI } from './core';
import { InboxSync } from './inboxsync';
import { conversationId, maxPeople, Messages, peopleOf, timeAfter } from './messages';
import { now, online } from './node';
import { Outbox } from './outbox';
import { CodedError, type Conversation, type Hex, type Load, type Message } from './types';

export const conversations: Signal<Conversation[]> = signal([]);
export const inboxLoad: Signal<Load> = signal('loading');
export const unreadTotal: ReadonlySignal<number> = computed(() =>
  conversations.value.reduce((sum, c) => sum + c.unread, 0),
);

const pageSize = 50;
const maxShown = 8;
const draftWait = 400;
const maxMessageBytes = 16 * 1024;

/** A conversation that is or was on screen. */
interface Shown {
  messages: Signal<Message[]>;
  more: Signal<boolean>;
  draft: Signal<string>;
  loaded: Promise<void>;
  endDraft(): void;
}

interface Running {
  messages: Messages;
  outbox: Outbox;
  sync: InboxSync;
  channel: BroadcastChannel | null;
  end: (() => void)[];
}

let running: Running | null = null;
const shown = new Map<string, Shown>();

/** Begins for the person in session; returns when what is on this device is shown. */
export async function startInbox(): Promise<void> {
  const { pubkey, db } = whoAmI();
  const { crypto, relay } = the();
  const messages = new Messages(db, pubkey);
  const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(`madang-${pubkey}`);
  const announce = (changed: Iterable<string>) => {
    const ids = [...changed];
    channel?.postMessage(ids);
    behind(refresh(ids));
  };
  const outbox = new Outbox({
    db,
    me: pubkey,
    messages,
    publish: (event) => relay.publish(event),
    wrap: async (rumor, readers) => (await crypto.call('wrap', { rumor, readers, now: now() })).wraps,
    now,
    onChange: (conversation) => announce([conversation]),
    later: (run, milliseconds) => void setTimeout(run, milliseconds),
  });
  const sync = new InboxSync({
    db,
    me: pubkey,
    messages,
    query: (filter) => relay.query([filter], { auth: true }),
    unwrap: (wraps) => crypto.call('unwrap', wraps),
    now,
    onChange: announce,
  });
  if (channel) channel.onmessage = ({ data }: MessageEvent<string[]>) => behind(refresh(data));
  running = { messages, outbox, sync, channel, end: [] };
  for (const [id, one] of shown) bind(running, id, one);
  await Promise.all([refresh([]), sync.recalled]);
  if (conversations.value.length > 0) inboxLoad.value = 'ready';
  follow(running, pubkey);
}

/** Ends for this person; nothing of theirs is shown any more. */
export function stopInbox(): void {
  if (!running) return;
  for (const end of running.end) end();
  running.outbox.end();
  running.sync.end();
  running.channel?.close();
  running = null;
  for (const one of shown.values()) one.endDraft();
  shown.clear();
  conversations.value = [];
  inboxLoad.value = 'loading';
}

function follow(r: Running, me: Hex): void {
  const filters = () => [{ kinds: [kind.wrap], '#p': [me], since: r.sync.since(), limit: 500 }];
  let stored: NostrEvent[] = [];
  let live = false;
  r.end.push(
    the().relay.subscribe(
      filters,
      {
        event(e) {
          if (live) r.sync.live(e);
          else stored.push(e);
        },
        eose() {
          const page = stored;
          stored = [];
          live = true;
          void r.sync.catchUp(page).then(
            () => (inboxLoad.value = 'ready'),
            () => inboxLoad.value === 'ready' || (inboxLoad.value = 'failed'),
          );
        },
        closed: () => (inboxLoad.value = 'failed'),
      },
      { auth: true },
    ),
    onUp(() => {
      live = false;
      stored = [];
      behind(r.outbox.flush());
    }),
    online.subscribe((up) => {
      if (!up && inboxLoad.value === 'loading') inboxLoad.value = 'offline';
    }),
  );
}

/** Shows what IndexedDB holds now. */
async function refresh(changed: string[]): Promise<void> {
  const r = running;
  if (!r) return;
  const list = await r.messages.conversations();
  if (r !== running) return;
  conversations.value = list;
  for (const id of changed) {
    const one = shown.get(id);
    if (one) await reload(r, id, one);
  }
}

async function reload(r: Running, id: string, one: Shown): Promise<void> {
  await one.loaded;
  const [first] = one.messages.value;
  // With all of it on screen, a late message may come before the first that is shown.
  const list =
    first && one.more.value
      ? await r.messages.since(id, first)
      : await r.messages.page(id, one.messages.value.length + pageSize);
  if (shown.get(id) === one) one.messages.value = list;
}

function show(id: string): Shown {
  const before = shown.get(id);
  if (before) {
    shown.delete(id); // to the end: the least recently used goes first
    shown.set(id, before);
    return before;
  }
  const one: Shown = {
    messages: signal([]),
    more: signal(false),
    draft: signal(''),
    loaded: Promise.resolve(),
    endDraft: () => {},
  };
  shown.set(id, one);
  if (running) bind(running, id, one);
  const [oldest] = shown.keys();
  if (shown.size > maxShown && oldest !== undefined) {
    shown.get(oldest)?.endDraft();
    shown.delete(oldest);
  }
  return one;
}

/** Fills it from this device, now that it is known whose it is. */
function bind(r: Running, id: string, one: Shown): void {
  one.loaded = load(r, id, one);
  behind(one.loaded);
  one.endDraft = keepDraft(id, one.draft);
}

async function load(r: Running, id: string, one: Shown): Promise<void> {
  const list = await r.messages.page(id, pageSize);
  one.messages.value = list;
  one.more.value = list.length === pageSize;
}

/** Follows a draft into IndexedDB, a moment behind the typing. Returns what ends it. */
function keepDraft(id: string, draft: Signal<string>): () => void {
  const { db } = whoAmI();
  const key = `message:${id}`;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stored = '';
  const save = () => {
    timer = undefined;
    stored = draft.value;
    behind(stored ? db.put('drafts', stored, key) : db.delete('drafts', key));
  };
  behind(
    db.get('drafts', key).then((text) => {
      if (typeof text !== 'string' || draft.value !== '') return;
      stored = text;
      draft.value = text;
    }),
  );
  const end = draft.subscribe((text) => {
    if (text === stored) return;
    clearTimeout(timer);
    timer = setTimeout(save, draftWait);
  });
  return () => {
    end();
    if (timer === undefined) return;
    clearTimeout(timer);
    if (maybeMe()?.db === db) save();
  };
}

/** Oldest first: the last page from this device, then whatever comes. */
export const messagesOf = (conversation: string): Signal<Message[]> => show(conversation).messages;

/** Whether there are older ones than those shown. */
export const moreMessages = (conversation: string): Signal<boolean> => show(conversation).more;

/** Text that was typed and not sent; write to its value. */
export const messageDraft = (conversation: string): Signal<string> => show(conversation).draft;

/** Shows a page of older ones. */
export async function loadOlder(conversation: string): Promise<void> {
  const r = running;
  const one = show(conversation);
  await one.loaded;
  const [first] = one.messages.value;
  if (!r || !first) return;
  const older = await r.messages.page(conversation, pageSize, first);
  one.more.value = older.length === pageSize;
  one.messages.value = [...older, ...one.messages.value];
}

/** The id of the conversation with these people, to be opened by the router. */
export function openConversation(people: Hex[]): string {
  const { pubkey } = whoAmI();
  if (people.length > maxPeople) throw new CodedError('too-large');
  return conversationId(people, pubkey);
}

/** Call when its messages are on screen. */
export function markRead(conversation: string): void {
  if (running) behind(read(running, conversation));
}

async function read(r: Running, conversation: string): Promise<void> {
  if (!(await r.messages.markRead(conversation)) || r !== running) return;
  r.channel?.postMessage([conversation]);
  await refresh([]);
}

/** Resolves when the message is in the outbox, which is to say: when it can no longer be lost. */
export async function send(conversation: string, text: string): Promise<void> {
  const { pubkey } = whoAmI();
  const r = running;
  if (!r) throw new CodedError('login-needed');
  const content = text.trim();
  if (content === '') throw new CodedError('message-empty');
  if (new TextEncoder().encode(content).length > maxMessageBytes) throw new CodedError('message-long');
  const others = peopleOf(conversation, pubkey);
  const receivers = others.length > 0 ? others : [pubkey];
  const at = now();
  const [last] = await r.messages.page(conversation, 1);
  const { rumor, wraps } = await the().crypto.call('wrap', {
    rumor: { kind: kind.chat, created_at: timeAfter(last, at), tags: receivers.map((p) => ['p', p]), content },
    readers: [...new Set([...receivers, pubkey])],
    now: at,
  });
  try {
    await r.outbox.add({
      id: rumor.id,
      conversation,
      rumor,
      wraps: wraps.map(({ to, event }) => ({ to, event, done: false })),
      wrappedAt: at,
    });
  } catch (error) {
    throw isFull(error) ? new CodedError('storage-full') : error;
  }
}

const isFull = (error: unknown): boolean => (error as { name?: unknown } | null)?.name === 'QuotaExceededError';

export async function resend(_conversation: string, id: Hex): Promise<void> {
  await running?.outbox.resend(id);
}

export async function discard(_conversation: string, id: Hex): Promise<void> {
  await running?.outbox.discard(id);
}

/** Another tab may have worked while this one slept. */
export function refreshInbox(): void {
  behind(refresh([...shown.keys()]));
}
