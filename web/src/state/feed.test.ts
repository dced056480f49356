import { signal, type Signal } from '@preact/signals';
import { beforeEach, describe, expect, it } from 'vitest';
import { coordinate, type Filter, type Hex, type NostrEvent } from '../protocol/event';
import { newSecret, publicKey } from '../protocol/keys';
import { addressOf } from '../protocol/nip19';
import { sign } from '../protocol/tokens';
import { parseArticle } from './articles';
import { Feed } from './feed';
import type { Article } from './types';

const secret = newSecret();
const author = publicKey(secret);
const start = 1_700_000_000;
let stored: NostrEvent[];
let cache: NostrEvent[];
let online: Signal<boolean>;
let publishers: Signal<Set<Hex> | null>;
let connect: () => void;
let live: (e: NostrEvent) => void;

const article = (d: string, at: number, title = d, key = secret): NostrEvent =>
  sign({ kind: 30023, created_at: at, tags: [['d', d], ['title', title]], content: '' }, key);
const deletion = (tags: string[][], at: number, key = secret) =>
  sign({ kind: 5, created_at: at, tags: [['k', '30023'], ...tags], content: '' }, key);

/** The newest, as a relay gives them. */
function answer(filters: Filter[]): NostrEvent[] {
  return filters.flatMap((f) =>
    stored
      .filter((e) => (!f.kinds || f.kinds.includes(e.kind)) && e.created_at <= (f.until ?? Infinity))
      .filter((e) => !f.authors || f.authors.includes(e.pubkey))
      .filter((e) => !f['#d'] || f['#d'].includes(e.tags[0]?.[1] ?? ''))
      .sort((a, b) => b.created_at - a.created_at)
      .slice(0, f.limit),
  );
}

beforeEach(() => {
  stored = [];
  cache = [];
  online = signal(false);
  publishers = signal(null);
});

async function begin(): Promise<Feed<Article>> {
  const feed = new Feed<Article>({
    name: 'articles',
    kinds: [30023],
    parse: parseArticle,
    time: (a) => a.publishedAt,
    address: (a) => a.address,
    query: (filters) => Promise.resolve(answer(filters)),
    subscribe: (filters, handlers) => {
      live = handlers.event;
      connect = () => {
        online.value = true;
        for (const e of answer(filters())) handlers.event(e);
        handlers.eose();
      };
      return () => undefined;
    },
    verify: (events) => Promise.resolve(events.filter((e) => e.content !== 'forged')),
    publishers,
    online,
    recall: () => Promise.resolve(cache),
    remember: (_name, events) => {
      cache = events;
      return Promise.resolve();
    },
  });
  await feed.start();
  return feed;
}

const titles = (feed: Feed<Article>) => feed.items.value.map((a) => a.title);

describe('a list of public events', () => {
  it('shows the latest first, and older ones by pages', async () => {
    stored = Array.from({ length: 75 }, (_, i) => article(`a${i}`, start + i));
    const feed = await begin();
    expect(feed.load.value).toBe('offline');
    connect();
    await expect.poll(() => feed.load.value).toBe('ready');
    expect(titles(feed)).toEqual(Array.from({ length: 30 }, (_, i) => `a${74 - i}`));
    expect(feed.more.value).toBe(true);
    await feed.loadMore();
    await feed.loadMore();
    expect(titles(feed)).toHaveLength(75);
    expect(feed.more.value).toBe(false);
  });

  it('starts from what is remembered, without a network', async () => {
    cache = [article('kept', start)];
    const feed = await begin();
    expect([titles(feed), feed.load.value]).toEqual([['kept'], 'ready']);
  });

  it('drops what is remembered and has been deleted meanwhile', async () => {
    cache = [article('gone', start + 5), article('stays', start)];
    stored = [article('stays', start)];
    const feed = await begin();
    connect();
    await expect.poll(() => titles(feed)).toEqual(['stays']);
    expect(cache.map(coordinate)).toEqual([`30023:${author}:stays`]);
  });

  it('puts a correction in its place, and no older version over a newer', async () => {
    stored = [article('x', start + 10, 'right')];
    const feed = await begin();
    connect();
    await expect.poll(() => titles(feed)).toEqual(['right']);
    live(article('x', start, 'older'));
    live(article('x', start + 20, 'corrected'));
    await expect.poll(() => titles(feed)).toEqual(['corrected']);
  });

  it('shows new ones as they come, and nothing that does not verify', async () => {
    const feed = await begin();
    connect();
    await expect.poll(() => feed.load.value).toBe('ready');
    live({ ...article('forged', start + 1), content: 'forged' });
    live(article('new', start));
    await expect.poll(() => titles(feed)).toEqual(['new']);
  });

  it('takes away what its author deletes, and only what its author deletes', async () => {
    const [one, two] = [article('one', start), article('two', start + 1)];
    stored = [one, two];
    const feed = await begin();
    connect();
    await expect.poll(() => titles(feed)).toHaveLength(2);
    live(deletion([['e', two.id], ['a', coordinate(two)]], start + 50, newSecret()));
    live(deletion([['a', coordinate(one)]], start + 50));
    await expect.poll(() => titles(feed)).toEqual(['two']);
    live(one);
    live(article('one', start + 100, 'written again'));
    await expect.poll(() => titles(feed)).toEqual(['written again', 'two']);
  });

  it('shows only those who may publish here, once that is known', async () => {
    const stranger = newSecret();
    stored = [article('ours', start), article('theirs', start + 1, 'theirs', stranger)];
    const feed = await begin();
    connect();
    await expect.poll(() => titles(feed)).toEqual(['theirs', 'ours']);
    publishers.value = new Set([author]);
    expect(titles(feed)).toEqual(['ours']);
  });

  it('begins its pages anew when so much came that the old end is not met', async () => {
    stored = [article('old', start)];
    const feed = await begin();
    connect();
    await expect.poll(() => feed.load.value).toBe('ready');
    stored.push(...Array.from({ length: 40 }, (_, i) => article(`n${i}`, start + 100 + i)));
    connect();
    await expect.poll(() => titles(feed)).toHaveLength(31);
    expect(feed.more.value).toBe(true);
    await feed.loadMore();
    expect(titles(feed)).toHaveLength(41);
  });
});

describe('one item by its address', () => {
  it('is found on the node though it is far down, and leaves the list as it was', async () => {
    stored = Array.from({ length: 60 }, (_, i) => article(`a${i}`, start + i));
    const feed = await begin();
    connect();
    await expect.poll(() => feed.load.value).toBe('ready');
    const one = feed.one(addressOf(stored[3] as NostrEvent));
    expect(one.value).toBeUndefined();
    await expect.poll(() => one.value?.title).toBe('a3');
    expect(titles(feed)).toHaveLength(30);
    while (feed.more.value) await feed.loadMore();
    expect(titles(feed)).toEqual(Array.from({ length: 60 }, (_, i) => `a${59 - i}`));
  });

  it('is looked for when the line comes up; null when there is none', async () => {
    const feed = await begin();
    const one = feed.one(addressOf(article('nowhere', start)));
    expect(one.value).toBeUndefined();
    connect();
    await expect.poll(() => one.value).toBeNull();
    expect(feed.one('not an address').value).toBeNull();
  });

  it('follows correction and deletion', async () => {
    const e = article('x', start, 'first');
    stored = [e];
    const feed = await begin();
    connect();
    const one = feed.one(addressOf(e));
    await expect.poll(() => one.value?.title).toBe('first');
    live(article('x', start + 1, 'second'));
    await expect.poll(() => one.value?.title).toBe('second');
    live(deletion([['a', coordinate(e)]], start + 2));
    await expect.poll(() => one.value).toBeNull();
  });
});
