import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NodeApi } from '../protocol/api';
import type { EventTemplate, NostrEvent } from '../protocol/event';
import { newSecret, publicKey, toNsec } from '../protocol/keys';
import type { Answer, Relay, Signer } from '../protocol/relay';
import type { VaultRecord } from '../protocol/vault';
import type { Crypto } from '../protocol/worker/client';
import { setUp, whoAmI } from './core';
import { openPersonDb } from './db';
import { node } from './node';
import { roster } from './people';
import {
  cardState, changePassphrase, confirmCard, join, login, loginWithCard, logout, recoveryCard, restoreSession, session,
  sessionLoad, skipCard,
} from './session';
import { inProcessCrypto, MemoryStorage } from './testkit';
import { codeOf } from './types';

const origin = 'http://node:8080';
const nodeKey = publicKey(newSecret());

/** The node's side: it keeps vault records and says what it has seen. */
class Node {
  readonly vaults = new Map<string, { pubkey: string; vault: VaultRecord }>();
  readonly published: NostrEvent[] = [];
  weak = false;
  line = true;
  signer: Signer | null = null;

  answer: typeof fetch = (url, init) => {
    const path = String(url).slice(origin.length);
    const body = (typeof init?.body === 'string' ? JSON.parse(init.body) : {}) as Record<string, unknown>;
    const reply = (status: number, value: unknown) =>
      Promise.resolve(new Response(JSON.stringify(value), { status }));
    const name = String(body.name);
    const found = this.vaults.get(name.toLowerCase());
    switch (path) {
      case '/api/node':
        return reply(200, { name: 'Courtyard', pubkey: nodeKey, time: Date.now() / 1000, open: false });
      case '/api/join': {
        const event = body.event as NostrEvent;
        if (event.tags[1]?.[1] !== 'good') return reply(404, { error: 'invite-invalid' });
        this.vaults.set(name.toLowerCase(), { pubkey: event.pubkey, vault: body.vault as VaultRecord });
        roster.value = new Map([...(roster.value ?? []), [event.pubkey, 'editor']]);
        return reply(201, { pubkey: event.pubkey, role: 'editor', nip05: 'haneul' });
      }
      case '/api/vault/params': {
        const { salt, n, r, p } = found?.vault ?? { salt: '00'.repeat(32), n: 65536, r: 8, p: 1 };
        return reply(200, { salt, n: this.weak ? 1024 : n, r, p });
      }
      case '/api/vault/open':
        if (!found || found.vault.auth !== body.auth) return reply(401, { error: 'wrong-passphrase' });
        return reply(200, { pubkey: found.pubkey, sealed: found.vault.sealed });
      case '/api/vault': {
        const [entry] = [...this.vaults];
        if (entry) this.vaults.set(entry[0], { ...entry[1], vault: body.vault as VaultRecord });
        return reply(200, {});
      }
      default:
        return reply(404, {});
    }
  };

  readonly relay = {
    identify: (signer: Signer | null) => (this.signer = signer),
    subscribe: () => () => undefined,
    query: () => Promise.resolve([]),
    publish: (e: NostrEvent): Promise<Answer> => {
      if (!this.line) return Promise.reject(new Error('no line'));
      this.published.push(e);
      return Promise.resolve({ ok: true, message: '' });
    },
  } as unknown as Relay;
}

let there: Node;

/** A page that is opened anew: the worker knows nothing but what this device keeps. */
function openPage(): void {
  setUp(origin, { api: new NodeApi(origin, there.answer), relay: there.relay, crypto: inProcessCrypto() });
  session.value = null;
  sessionLoad.value = 'starting';
}

const words = 'one two three four five six';
const code = (work: Promise<unknown>) => work.then(() => 'nothing', codeOf);
const joinAs = (name: string, stay: boolean) => join({ code: 'good', name, passphrase: words, stay });

beforeEach(() => {
  there = new Node();
  vi.stubGlobal('localStorage', new MemoryStorage());
  vi.stubGlobal('sessionStorage', new MemoryStorage());
  roster.value = null;
  openPage();
});
afterEach(async () => {
  await logout();
  node.value = null;
  vi.unstubAllGlobals();
});

describe('joining', () => {
  it('makes a key that the node never sees, and says who this is', async () => {
    const stages: string[] = [];
    await join({ code: 'good', name: ' 하늘 ', passphrase: words, stay: false, onStage: (s) => stages.push(s) });
    expect([...new Set(stages)]).toEqual(['key', 'seal', 'send']);
    const { pubkey, role, name } = session.value ?? {};
    expect([name, role]).toEqual(['하늘', 'editor']);
    await expect.poll(() => there.published.map((e) => e.kind)).toEqual([0, 10050]);
    expect(there.published.every((e) => e.pubkey === pubkey)).toBe(true);
    expect(JSON.parse(there.published[0]?.content ?? '')).toEqual({ name: '하늘', nip05: 'haneul@node:8080' });
    expect(there.published[1]?.tags).toEqual([['relay', 'ws://node:8080/']]);
    const card = await recoveryCard();
    const seen = JSON.stringify([...there.vaults.values(), there.published]);
    const long = card.words.filter((w) => w.length > 5);
    for (const secret of [card.nsec, ...long, words]) expect(seen).not.toContain(secret);
  });

  it('ends with the node’s word when the invite is not good, and with nobody in session', async () => {
    const bad = join({ code: 'bad', name: 'Ama', passphrase: words, stay: false });
    expect(await code(bad)).toBe('invite-invalid');
    expect(session.value).toBeNull();
  });

  it('asks for a long passphrase and a name that can be one', async () => {
    const short = join({ code: 'good', name: 'Ama', passphrase: 'too short', stay: false });
    expect(await code(short)).toBe('passphrase-short');
    for (const name of ['', '  ', 'x'.repeat(41), 'a\u202eb', '<b>']) {
      expect(await code(joinAs(name, false))).toBe('name-invalid');
    }
  });

  it('publishes later who this is when the line is down', async () => {
    there.line = false;
    await joinAs('Ama', true);
    expect(there.published).toEqual([]);
    there.line = true;
    openPage();
    await restoreSession();
    const { flushPending } = await import('./pending');
    await flushPending();
    expect(there.published.map((e) => e.kind)).toEqual([0, 10050]);
  });
});

describe('entering', () => {
  it('with name and passphrase gives the same key on another device', async () => {
    await joinAs('Ama', false);
    const pubkey = session.value?.pubkey;
    await logout();
    openPage();
    await login({ name: 'AMA', passphrase: ` ${words} `, stay: false });
    expect(session.value).toMatchObject({ pubkey, role: 'editor' });
    const template: EventTemplate = { kind: 1, created_at: 1, tags: [], content: '' };
    expect((await there.signer?.(template))?.pubkey).toBe(pubkey);
  });

  it('is refused with a wrong passphrase, an unknown name, and by a node that asks for a weak proof', async () => {
    await joinAs('Ama', false);
    await logout();
    openPage();
    const enter = (name: string, passphrase: string) => code(login({ name, passphrase, stay: false }));
    expect(await enter('Ama', 'one two three four five seven')).toBe('wrong-passphrase');
    expect(await enter('Nobody', words)).toBe('wrong-passphrase');
    there.weak = true;
    expect(await enter('Ama', words)).toBe('vault-weak');
    expect(session.value).toBeNull();
  });

  it('with name and passphrase, for members only', async () => {
    await joinAs('Ama', false);
    const { pubkey } = session.value ?? {};
    await logout();
    openPage();
    const all = roster.value;
    roster.value = new Map([[publicKey(newSecret()), 'operator']]); // Ama was removed
    expect(await code(login({ name: 'Ama', passphrase: words, stay: true }))).toBe('not-member');
    expect(session.value).toBeNull();
    roster.value = all;
    await login({ name: 'Ama', passphrase: words, stay: true });
    expect(session.value?.pubkey).toBe(pubkey);
  });

  it('with the card, for members only', async () => {
    const secret = newSecret();
    roster.value = new Map([[publicKey(secret), 'operator']]);
    expect(await code(loginWithCard({ secret: toNsec(newSecret()), stay: false }))).toBe('not-member');
    expect(await code(loginWithCard({ secret: 'abandon ability', stay: false }))).toBe('card-invalid');
    await loginWithCard({ secret: toNsec(secret), stay: false });
    expect(session.value).toMatchObject({ pubkey: publicKey(secret), role: 'operator' });
    expect(await code(loginWithCard({ secret: toNsec(secret), stay: false }))).toBe('already-member');
  });

  it('goes on after a new passphrase, by that one only', async () => {
    await joinAs('Ama', false);
    await changePassphrase('six five four three two one');
    await logout();
    openPage();
    expect(await code(login({ name: 'Ama', passphrase: words, stay: false }))).toBe('wrong-passphrase');
    await login({ name: 'Ama', passphrase: 'six five four three two one', stay: false });
    expect(session.value?.name).toBe('Ama');
  });
});

describe('leaving', () => {
  it('wipes the messages even when the worker has died', async () => {
    await joinAs('Ama', true);
    const { pubkey, db } = whoAmI();
    await db.put('drafts', 'a secret', 'message:x');
    const dead: Crypto = { call: () => new Promise<never>(() => undefined) };
    setUp(origin, { api: new NodeApi(origin, there.answer), relay: there.relay, crypto: dead });
    void logout();
    await vi.waitFor(async () => {
      const found = await openPersonDb(pubkey);
      const draft = await found.get('drafts', 'message:x');
      found.close();
      expect(draft).toBeUndefined();
    });
    openPage(); // with a worker that lives, for what follows
  });
});

describe('a reload', () => {
  it('goes on in the same tab, whether the person stays or not', async () => {
    for (const stay of [true, false]) {
      await joinAs(`Ama ${stay}`, stay);
      const { pubkey } = session.value ?? {};
      openPage();
      await restoreSession();
      expect(session.value).toMatchObject({ pubkey, stay });
      expect(sessionLoad.value).toBe('ready');
      await logout();
    }
  });

  it('in another tab finds only who stays', async () => {
    await joinAs('Ama', false);
    vi.stubGlobal('sessionStorage', new MemoryStorage());
    openPage();
    await restoreSession();
    expect([session.value, sessionLoad.value]).toEqual([null, 'ready']);
  });

  it('keeps nothing of the key where a page could read it', async () => {
    await joinAs('Ama', false);
    const { nsec } = await recoveryCard();
    const kept = JSON.stringify([sessionStorage.getItem('madang.session'), localStorage.getItem('madang.session')]);
    expect(kept).not.toContain(nsec);
    await logout();
    expect(sessionStorage.length + localStorage.length).toBe(0);
    openPage();
    await restoreSession();
    expect(session.value).toBeNull();
  });
});

describe('the recovery card', () => {
  it('is asked for until words are confirmed', async () => {
    await joinAs('Ama', true);
    expect(cardState.value).toBe('unseen');
    const card = await recoveryCard();
    expect(cardState.value).toBe('seen');
    expect(await confirmCard([{ index: 2, word: 'wrong' }])).toBe(false);
    openPage();
    await restoreSession();
    expect(cardState.value).toBe('seen');
    expect(await confirmCard([{ index: 2, word: card.words[2] ?? '' }])).toBe(true);
    expect(cardState.value).toBe('done');
  });

  it('or skipped twice', async () => {
    await joinAs('Ama', true);
    skipCard();
    expect(cardState.value).toBe('seen');
    skipCard();
    expect(cardState.value).toBe('done');
  });
});
