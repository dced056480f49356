import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CodedError } from '../protocol/errors';
import type { NostrEvent } from '../protocol/event';
import { newSecret, publicKey } from '../protocol/keys';
import type { Answer } from '../protocol/relay';
import { makeRumor, wrapForAll } from '../protocol/wrap';
import { deletePersonDb, openPersonDb, type OutboxEntry, type PersonDb } from './db';
import { conversationId, Messages } from './messages';
import { Outbox } from './outbox';
import type { Hex } from './types';

const secret = newSecret();
const me = publicKey(secret);
const [bob, carol] = [publicKey(newSecret()), publicKey(newSecret())];
let now = 1_700_000_000;
let db: PersonDb;
let messages: Messages;
/** What the relay says to a wrap for each reader; `offline` when the line is down. */
let word: (to: Hex) => Answer | 'offline';
let sent: { to: Hex; id: Hex }[];
let later: (() => void)[];

const ok: Answer = { ok: true, message: '' };
const readerOf = (e: NostrEvent): Hex => e.tags[0]?.[1] ?? '';

beforeEach(async () => {
  now = 1_700_000_000;
  db = await openPersonDb(me);
  messages = new Messages(db, me);
  word = () => ok;
  sent = [];
  later = [];
});
afterEach(async () => {
  db.close();
  await deletePersonDb(me);
});

const outbox = () =>
  new Outbox({
    db,
    me,
    messages,
    publish: (event) => {
      const to = readerOf(event);
      const answer = word(to);
      if (answer === 'offline') return Promise.reject(new CodedError('offline'));
      sent.push({ to, id: event.id });
      return Promise.resolve(answer);
    },
    wrap: (rumor, readers) => Promise.resolve(wrapForAll(rumor, secret, readers, now)),
    now: () => now,
    onChange: () => undefined,
    later: (run) => later.push(run),
  });

function entry(text: string, to: Hex[]): OutboxEntry {
  const rumor = makeRumor({ kind: 14, created_at: now, tags: to.map((p) => ['p', p]), content: text }, me);
  const wraps = wrapForAll(rumor, secret, [...new Set([...to, me])], now);
  return {
    id: rumor.id,
    conversation: conversationId(to, me),
    rumor,
    wraps: wraps.map((w) => ({ ...w, done: false })),
    wrappedAt: now,
  };
}

const state = async (id: Hex) => {
  const message = await db.get('messages', id);
  return message && [message.state, message.error];
};
const waiting = async () => (await db.getAll('outbox')).length;

describe('outbox', () => {
  it('sends to the others first and to oneself last; then the message is sent', async () => {
    const box = outbox();
    const e = entry('hello', [bob, carol]);
    await box.add(e);
    await box.flush();
    expect(sent.map((s) => s.to)).toEqual([bob, carol, me]);
    expect(await state(e.id)).toEqual(['sent', undefined]);
    expect(await waiting()).toBe(0);
    expect((await messages.conversations())[0]?.last?.state).toBe('sent');
  });

  it('keeps sending while the line is down, and goes on after a reload', async () => {
    word = () => 'offline';
    const e = entry('later', [bob]);
    const before = outbox();
    await before.add(e);
    await before.flush();
    expect(await state(e.id)).toEqual(['sending', undefined]);
    expect(later.length).toBeGreaterThan(0);
    before.end();
    word = () => ok;
    const after = outbox();
    await after.flush();
    expect(await state(e.id)).toEqual(['sent', undefined]);
    expect(sent).toHaveLength(2);
  });

  it('tries again by itself what did not get through', async () => {
    word = () => 'offline';
    const box = outbox();
    const e = entry('again', [bob]);
    await box.add(e);
    await box.flush();
    word = () => ok;
    later.pop()?.();
    await box.flush();
    expect(await state(e.id)).toEqual(['sent', undefined]);
  });

  it('fails on a clear refusal, and sends again only what is missing', async () => {
    word = (to) => (to === carol ? { ok: false, message: 'restricted: not a member' } : ok);
    const box = outbox();
    const e = entry('x', [bob, carol]);
    await box.add(e);
    await box.flush();
    expect(await state(e.id)).toEqual(['failed', 'restricted']);
    expect(sent.map((s) => s.to)).toEqual([bob, carol]); // not to oneself: it has not gone out to all
    await box.flush();
    expect(sent).toHaveLength(2); // it waits to be told
    word = () => ok;
    await box.resend(e.id);
    await box.flush();
    expect(sent.slice(2).map((s) => s.to)).toEqual([carol, me]);
    expect(await state(e.id)).toEqual(['sent', undefined]);
  });

  it.each([
    ['rate-limited: slow down', ['sending', undefined]],
    ['error: disk is full', ['sending', undefined]],
    ['duplicate: have it', ['sent', undefined]],
    ['invalid: too large', ['failed', 'invalid']],
    ['pow: work for it', ['failed', 'refused']],
    ['blocked: go away', ['failed', 'not-allowed']],
  ])('takes "%s" as it is meant', async (message, expected) => {
    word = () => ({ ok: false, message });
    const box = outbox();
    const e = entry('x', [bob]);
    await box.add(e);
    await box.flush();
    expect(await state(e.id)).toEqual(expected);
  });

  it('forgets a discarded message', async () => {
    word = () => ({ ok: false, message: 'blocked: no' });
    const box = outbox();
    const e = entry('x', [bob]);
    await box.add(e);
    await box.flush();
    await box.discard(e.id);
    expect(await state(e.id)).toBeUndefined();
    expect(await waiting()).toBe(0);
    expect(await messages.conversations()).toEqual([]);
  });

  it('keeps the order in which messages were written', async () => {
    const box = outbox();
    word = () => 'offline';
    const list = ['1', '2', '3'].map((t) => {
      now += 1;
      return entry(t, [bob]);
    });
    for (const e of list) await box.add(e);
    await box.flush();
    word = () => ok;
    await box.flush();
    const toBob = sent.filter((s) => s.to === bob).map((s) => s.id);
    expect(toBob).toEqual(list.map((e) => e.wraps.find((w) => w.to === bob)?.event.id));
  });

  it('wraps anew what waited for more than a day, with the same rumor', async () => {
    word = () => 'offline';
    const box = outbox();
    const e = entry('old', [bob]);
    await box.add(e);
    await box.flush();
    now += 2 * 86_400;
    word = () => ok;
    await box.flush();
    expect(await state(e.id)).toEqual(['sent', undefined]);
    const old = new Set(e.wraps.map((w) => w.event.id));
    expect(sent.filter((s) => old.has(s.id))).toEqual([]);
    expect(sent.map((s) => s.to)).toEqual([bob, me]);
  });

  it('in two tabs at once sends each wrap under one id and ends once', async () => {
    const [one, two] = [outbox(), outbox()];
    const e = entry('both', [bob, carol]);
    await messages.depart(e, now);
    await Promise.all([one.flush(), two.flush()]);
    expect(await state(e.id)).toEqual(['sent', undefined]);
    expect(await waiting()).toBe(0);
    expect(new Set(sent.map((s) => s.id))).toEqual(new Set(e.wraps.map((w) => w.event.id)));
  });
});
