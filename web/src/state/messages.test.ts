import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newSecret, publicKey } from '../protocol/keys';
import { makeRumor } from '../protocol/wrap';
import { deletePersonDb, openPersonDb, type PersonDb } from './db';
import { conversationId, messageOf, Messages, timeAfter } from './messages';
import type { Hex } from './types';

const [me, bob, carol, dave] = Array.from({ length: 4 }, () => publicKey(newSecret())) as [Hex, Hex, Hex, Hex];
const now = 1_700_000_000;
let db: PersonDb;
let messages: Messages;
let wraps = 0;

beforeEach(async () => {
  db = await openPersonDb(me);
  messages = new Messages(db, me);
});
afterEach(async () => {
  db.close();
  await deletePersonDb(me);
});

const rumor = (from: Hex, to: Hex[], text: string, at = now, tags: string[][] = []) =>
  makeRumor({ kind: 14, created_at: at, tags: [...to.map((p) => ['p', p]), ...tags], content: text }, from);

const arrive = (list: ReturnType<typeof rumor>[], history = false) =>
  messages.arrive(list.map((r) => ({ wrap: (++wraps).toString(16).padStart(64, '0'), rumor: r })), now + 100, history);

const texts = async (conversation: string) => (await messages.page(conversation, 100)).map((m) => m.text);
const unread = async () => Object.fromEntries((await messages.conversations()).map((c) => [c.id, c.unread]));

describe('what a rumor means', () => {
  it('a room is its people, whoever speaks', () => {
    const id = [bob, carol].sort().join(',');
    for (const [from, to] of [[me, [bob, carol]], [bob, [me, carol]], [carol, [bob, me]]] as [Hex, Hex[]][]) {
      expect(messageOf(rumor(from, to, 'x'), me, now)?.message.conversation).toBe(id);
    }
    expect(conversationId([], me)).toBe(me);
    expect(messageOf(rumor(me, [me], 'note'), me, now)?.message).toMatchObject({ conversation: me, mine: true });
  });

  it('refuses what is not for this person, no message, or beyond bounds', () => {
    expect(messageOf(rumor(bob, [carol], 'behind my back'), me, now)).toBeNull();
    expect(messageOf({ ...rumor(bob, [me], 'x'), kind: 7 }, me, now)).toBeNull();
    expect(messageOf(rumor(bob, [me, 'not a key'], 'x'), me, now)).toBeNull();
    expect(messageOf(rumor(bob, [me], 'x'.repeat(70_000)), me, now)).toBeNull();
    const crowd = Array.from({ length: 60 }, (_, i) => i.toString(16).padStart(64, '0'));
    expect(messageOf(rumor(bob, [me, ...crowd], 'x'), me, now)).toBeNull();
  });

  it('a clock that runs ahead does not put its message into the future', () => {
    expect(messageOf(rumor(bob, [me], 'x', now + 10 ** 6), me, now)?.message.at).toBe(now + 60);
  });

  it('an answer within the same second stands after its question', () => {
    const question = messageOf(rumor(bob, [me], 'x', now), me, now)?.message;
    expect(timeAfter(question, now)).toBe(now + 1);
    expect(timeAfter(question, now + 5)).toBe(now + 5);
    expect(timeAfter(undefined, now)).toBe(now);
    expect(timeAfter(question && { ...question, at: now + 60 }, now)).toBe(now + 30);
  });
});

describe('messages on this device', () => {
  it('stand in the order of their times, then ids, however they came', async () => {
    await arrive([rumor(bob, [me], 'third', now + 3), rumor(bob, [me], 'first', now + 1)]);
    await arrive([rumor(me, [bob], 'second', now + 2)]);
    expect(await texts(bob)).toEqual(['first', 'second', 'third']);
    const same = ['a', 'b', 'c', 'd'].map((t) => rumor(carol, [me], t));
    await arrive(same);
    const byId = [...same].sort((a, b) => (a.id < b.id ? -1 : 1)).map((r) => r.content);
    expect(await texts(carol)).toEqual(byId);
    expect((await messages.conversations()).find((c) => c.id === carol)?.last?.text).toBe(byId[3]);
  });

  it('are kept once, however many wraps bring them', async () => {
    const one = rumor(bob, [me], 'once');
    expect(await arrive([one])).toEqual(new Set([bob]));
    expect(await arrive([one, one])).toEqual(new Set());
    expect(await texts(bob)).toEqual(['once']);
    expect(await unread()).toEqual({ [bob]: 1 });
  });

  it('remember which wraps were dealt with, opened or not', async () => {
    await messages.arrive([{ wrap: 'a'.repeat(64), rumor: null }], now, false);
    expect(await messages.unseen(['a'.repeat(64), 'b'.repeat(64)])).toEqual(new Set(['b'.repeat(64)]));
  });

  it('come in pages', async () => {
    await arrive(Array.from({ length: 120 }, (_, i) => rumor(bob, [me], `m${i}`, now - 200 + i)));
    const last = await messages.page(bob, 50);
    expect([last[0]?.text, last[49]?.text]).toEqual(['m70', 'm119']);
    const before = await messages.page(bob, 50, last[0]);
    expect([before[0]?.text, before[49]?.text]).toEqual(['m20', 'm69']);
    expect(await messages.page(bob, 50, before[0])).toHaveLength(20);
    if (last[0]) expect(await messages.since(bob, last[0])).toHaveLength(50);
  });

  it('take the newest subject of their room', async () => {
    const named = (subject: string, at: number) => rumor(bob, [me], 'x', at, [['subject', subject]]);
    await arrive([named('new', now + 2), named('old', now)]);
    await arrive([rumor(bob, [me], 'z', now + 5)]);
    expect((await messages.conversations())[0]?.subject).toBe('new');
  });

  it('removed, leave the one before as the last', async () => {
    const [one, two] = [rumor(me, [bob], 'one', now), rumor(me, [bob], 'two', now + 1)];
    await arrive([one, two]);
    await messages.remove(two.id);
    expect((await messages.conversations())[0]?.last?.text).toBe('one');
    await messages.remove(one.id);
    expect(await messages.conversations()).toEqual([]);
  });
});

describe('unread', () => {
  it('counts what others say and never one’s own', async () => {
    await arrive([rumor(bob, [me], 'a', now), rumor(bob, [me], 'b', now + 1), rumor(carol, [me], 'c')]);
    await arrive([rumor(me, [dave], 'd')]);
    expect(await unread()).toEqual({ [bob]: 2, [carol]: 1, [dave]: 0 });
  });

  it('ends when the conversation is read, and begins again after', async () => {
    await arrive([rumor(bob, [me], 'a', now)]);
    expect(await messages.markRead(bob)).toBe(true);
    expect(await messages.markRead(bob)).toBe(false);
    expect(await unread()).toEqual({ [bob]: 0 });
    await arrive([rumor(bob, [me], 'b', now + 1)]);
    expect(await unread()).toEqual({ [bob]: 1 });
  });

  it('holds for a message that was long on its way', async () => {
    await arrive([rumor(bob, [me], 'newer', now)]);
    await messages.markRead(bob);
    await arrive([rumor(bob, [me], 'older, by a courier', now - 86_400)]);
    expect(await unread()).toEqual({ [bob]: 1 });
  });

  it('on a new device: what came before one’s own last word is read, what came after is not', async () => {
    await arrive([rumor(bob, [me], 'after', now + 2), rumor(me, [bob], 'mine', now + 1)], true);
    await arrive([rumor(bob, [me], 'before', now), rumor(carol, [me], 'never answered', now)], true);
    expect(await unread()).toEqual({ [bob]: 1, [carol]: 1 });
  });

  it('ends by answering from another device', async () => {
    await arrive([rumor(bob, [me], 'question', now)]);
    await arrive([rumor(me, [bob], 'answer', now + 1)]);
    expect(await unread()).toEqual({ [bob]: 0 });
  });
});
