import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Filter, NostrEvent } from '../protocol/event';
import { newSecret, publicKey } from '../protocol/keys';
import { makeRumor, unwrap, wrapFor } from '../protocol/wrap';
import { deletePersonDb, openPersonDb, type PersonDb } from './db';
import { InboxSync } from './inboxsync';
import { Messages } from './messages';

const mine = newSecret();
const me = publicKey(mine);
const theirs = newSecret();
const bob = publicKey(theirs);
const day = 86_400;
let now = 1_700_000_000;
let db: PersonDb;
let stored: NostrEvent[];
let opened: number;
let limit: number;

beforeEach(async () => {
  now = 1_700_000_000;
  db = await openPersonDb(me);
  stored = [];
  opened = 0;
  limit = 500;
});
afterEach(async () => {
  db.close();
  await deletePersonDb(me);
});

/** Wraps a message and gives the wrap the time that the test wants. */
function wrapAt(text: string, wrapTime: number, said = wrapTime): NostrEvent {
  const rumor = makeRumor({ kind: 14, created_at: said, tags: [['p', me]], content: text }, bob);
  return { ...wrapFor(rumor, theirs, me, now), created_at: wrapTime };
}

/** What a relay answers: newest first, at most its own limit. */
function answer({ since = 0, until = Infinity, limit: asked = Infinity }: Filter): NostrEvent[] {
  return stored
    .filter((e) => e.created_at >= since && e.created_at <= until)
    .sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1))
    .slice(0, Math.min(limit, asked));
}

function device() {
  const sync = new InboxSync({
    db,
    me,
    messages: new Messages(db, me),
    query: (filter) => Promise.resolve(answer(filter)),
    unwrap: (wraps) => {
      opened += wraps.length;
      return Promise.resolve(wraps.map((w) => unwrap(w, mine)));
    },
    now: () => now,
    onChange: () => undefined,
  });
  const connect = async () => {
    await sync.recalled;
    await sync.catchUp(answer({ since: sync.since(), limit: 500 }));
  };
  return { sync, connect };
}

const texts = async () => (await new Messages(db, me).page(bob, 1000)).map((m) => m.text);

describe('bringing in the inbox', () => {
  it('reads all of it the first time, page by page, whatever the relay’s limit', async () => {
    limit = 7;
    stored = Array.from({ length: 40 }, (_, i) => wrapAt(`m${i}`, now - 1000 + i));
    await device().connect();
    expect(await texts()).toEqual(Array.from({ length: 40 }, (_, i) => `m${i}`));
  });

  it('steps over a second that fills a whole page', async () => {
    limit = 5;
    stored = [...Array.from({ length: 5 }, (_, i) => wrapAt(`s${i}`, now - 10)), wrapAt('older', now - 20)];
    await device().connect();
    expect(await texts()).toContain('older');
  });

  it('opens nothing twice, and after a reload asks only for what may be new', async () => {
    stored = Array.from({ length: 10 }, (_, i) => wrapAt(`m${i}`, now - 5 * day + i * day * 0.5));
    await device().connect();
    expect(opened).toBe(10);
    const { sync, connect } = device();
    await sync.recalled;
    expect(sync.since()).toBe(Math.max(...stored.map((e) => e.created_at)) - 3 * day);
    stored.push(wrapAt('new, with a time two days back', now - 2 * day));
    await connect();
    expect(opened).toBe(11);
    expect(await texts()).toContain('new, with a time two days back');
  });

  it('finds within a day what a courier brought with an old time', async () => {
    stored = [wrapAt('known', now)];
    await device().connect();
    stored.push(wrapAt('by courier', now - 30 * day));
    await device().connect();
    expect(await texts()).not.toContain('by courier');
    now += day + 1;
    await device().connect();
    expect(await texts()).toContain('by courier');
    expect(opened).toBe(2);
  });

  it('that broke off in the first reading begins it again', async () => {
    limit = 5;
    stored = Array.from({ length: 20 }, (_, i) => wrapAt(`m${i}`, now - 10 * day + i));
    const { sync } = device();
    await sync.recalled;
    const broken = sync.catchUp(answer({ limit: 5 }));
    sync.end();
    await broken;
    const { sync: again, connect } = device();
    await again.recalled;
    expect(again.since()).toBe(0);
    await connect();
    expect(await texts()).toHaveLength(20);
  });

  it('takes live ones as they come, and forgets none while one is being opened', async () => {
    const { sync, connect } = device();
    await connect();
    const burst = Array.from({ length: 30 }, (_, i) => wrapAt(`live${i}`, now + i));
    now += 60;
    for (const e of burst) sync.live(e);
    await expect.poll(texts).toHaveLength(30);
    await expect.poll(async () => (await db.get('meta', 'inbox')) as unknown).toMatchObject({ newest: now - 60 + 29 });
  });

  it('is not stopped by wraps that do not open, nor tries them again', async () => {
    stored = [wrapAt('good', now), { ...wrapAt('bad', now - 1), content: 'not encrypted' }];
    await device().connect();
    await device().connect();
    expect(await texts()).toEqual(['good']);
    expect(opened).toBe(2);
  });

  it('is not led astray by a wrap from the future', async () => {
    stored = [wrapAt('from tomorrow', now + 100 * day), wrapAt('good', now)];
    await device().connect();
    const { sync } = device();
    await sync.recalled;
    expect(sync.since()).toBe(now - 3 * day);
  });
});
