// The node as an implementation that is not ours sees it: nostr-tools joins, publishes, asks, counts, authenticates,
// sends and opens mail, deletes and reconciles, over the WebSocket of Node.
import { createHash } from 'node:crypto';
import { nip77 } from 'nostr-tools';
import { fetchRelayInformation } from 'nostr-tools/nip11';
import { unwrapEvent, wrapEvent } from 'nostr-tools/nip17';
import { encrypt, getConversationKey } from 'nostr-tools/nip44';
import { createRumor, createSeal } from 'nostr-tools/nip59';
import { getToken } from 'nostr-tools/nip98';
import { computeOffset, feedEvent, getCountManyFilter, hllEncode, newHll } from 'nostr-tools/nip45';
import {
  finalizeEvent, generateSecretKey, getEventHash, getPublicKey, verifyEvent,
  type Event, type EventTemplate, type NostrEvent,
} from 'nostr-tools/pure';
import type { Filter } from 'nostr-tools/filter';
import { Relay } from 'nostr-tools/relay';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Node } from './harness';

const now = () => Math.floor(Date.now() / 1000);

/** Someone with a key and a connection of nostr-tools. */
class Someone {
  readonly secret = generateSecretKey();
  readonly key = getPublicKey(this.secret);
  private constructor(readonly relay: Relay) {}

  static async arrive(url: string): Promise<Someone> {
    return new Someone(await Relay.connect(url));
  }

  sign(template: Partial<EventTemplate>): NostrEvent {
    return finalizeEvent({ kind: 1, created_at: now(), tags: [], content: '', ...template }, this.secret);
  }

  async publish(template: Partial<EventTemplate>): Promise<NostrEvent> {
    const event = this.sign(template);
    await this.relay.publish(event);
    return event;
  }

  /** What is stored. Rejects with the relay's words when it refuses. */
  ask(...filters: Filter[]): Promise<Event[]> {
    return new Promise((resolve, reject) => {
      const found: Event[] = [];
      const sub = this.relay.subscribe(filters, {
        onevent: (e) => found.push(e),
        oninvalidevent: (e) => reject(new Error(`not valid: ${JSON.stringify(e)}`)),
        oneose: () => {
          resolve(found);
          sub.close();
        },
        onclose: (reason) => reject(new Error(reason)),
        eoseTimeout: 60_000,
      });
    });
  }

  login(): Promise<string> {
    return this.relay.auth(async (template) => finalizeEvent(template, this.secret));
  }
}

const ids = (events: NostrEvent[]) => events.map((e) => e.id);

describe('nostr-tools', () => {
  let node: Node;
  let socket: string;
  let alice: Someone;
  let bob: Someone;
  let stranger: Someone;

  beforeAll(async () => {
    node = await Node.start();
    socket = node.url.replace('http', 'ws');
    [alice, bob, stranger] = await Promise.all([
      Someone.arrive(socket), Someone.arrive(socket), Someone.arrive(socket),
    ]) as [Someone, Someone, Someone];
  });
  afterAll(async () => {
    for (const someone of [alice, bob, stranger]) someone?.relay.close();
    await node?.remove();
  });

  it('reads what the relay says of itself (NIP-11)', async () => {
    const info = await fetchRelayInformation(socket);
    expect(info.supported_nips).toEqual(expect.arrayContaining([1, 9, 11, 40, 42, 45, 59, 70, 77]));
    expect(info.limitation).toMatchObject({ auth_required: false, restricted_writes: true });
  });

  it('joins by an invite (NIP-43)', async () => {
    const join = async (someone: Someone, link: string) => {
      const code = link.slice(link.lastIndexOf('/') + 1);
      expect(await someone.relay.publish(someone.sign({ kind: 28934, tags: [['-'], ['claim', code]] }))).toMatch(/^info: /);
    };
    await join(alice, node.firstLink);
    await join(bob, (await node.madang('invite')).trim());
    await expect(stranger.publish({ content: 'hello' })).rejects.toThrow(/^auth-required: /);
    const [roster] = await stranger.ask({ kinds: [13534] });
    expect(roster?.tags).toEqual(expect.arrayContaining([['member', alice.key, 'operator'], ['member', bob.key]]));
  });

  it('publishes and asks', async () => {
    const at = now() - 1000;
    const events: NostrEvent[] = [];
    for (let i = 0; i < 20; i++) {
      events.push(await alice.publish({ created_at: at + (i >> 1), tags: [['t', 'order']], content: String(i) }));
    }
    events.sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1));
    const order: Filter = { '#t': ['order'] };
    expect(ids(await stranger.ask(order))).toEqual(ids(events));
    expect(ids(await stranger.ask({ ...order, limit: 7 }))).toEqual(ids(events.slice(0, 7)));
    expect(ids(await stranger.ask({ ...order, since: at + 2, until: at + 3 }))).toEqual(ids(events.slice(12, 16)));
    expect(ids(await stranger.ask({ ...order, limit: 1 }, { ids: [events[9]!.id] }))).toEqual([events[0]!.id, events[9]!.id]);
    expect(await stranger.ask({ ...order, authors: [bob.key] })).toEqual([]);
    expect(await stranger.relay.count([order], {})).toBe(20);
    expect(await alice.relay.publish(events[0]!)).toMatch(/^duplicate: /);
  });

  it('hears what comes', async () => {
    const heard: Event[] = [];
    const first = new Promise<void>((done) => {
      const live = stranger.relay.subscribe([{ kinds: [1, 20001], '#t': ['live'] }], {
        onevent: (e) => {
          heard.push(e);
          if (heard.length === 2) {
            live.close();
            done();
          }
        },
        oneose: async () => {
          await alice.publish({ tags: [['t', 'else']] });
          await alice.publish({ tags: [['t', 'live']] });
          await bob.publish({ kind: 20001, tags: [['t', 'live']] });
        },
      });
    });
    await first;
    expect(heard.map((e) => [e.kind, e.pubkey])).toEqual([[1, alice.key], [20001, bob.key]]);
    expect(heard.every((e) => verifyEvent(e))).toBe(true);
  });

  it('replaces and deletes', async () => {
    const at = now() - 500;
    await bob.publish({ kind: 0, created_at: at, content: '{"name":"old"}' });
    const profile = await bob.publish({ kind: 0, created_at: at + 1, content: '{"name":"new"}' });
    expect(ids(await stranger.ask({ kinds: [0], authors: [bob.key] }))).toEqual([profile.id]);

    const list = (d: string, created_at: number) => bob.publish({ kind: 30003, created_at, tags: [['d', d]] });
    const [note, a] = [await bob.publish({ content: 'to be deleted' }), await list('a', at)];
    const b = await list('b', at);
    const others = await alice.publish({ content: 'not yours to delete' });
    await bob.publish({
      kind: 5,
      tags: [['e', note.id], ['e', others.id], ['a', `30003:${bob.key}:a`], ['k', '1'], ['k', '30003']],
    });
    expect(ids(await stranger.ask({ ids: [note.id, a.id, b.id, others.id] })).sort()).toEqual([b.id, others.id].sort());
    await expect(bob.relay.publish(note)).rejects.toThrow(/^blocked: /);
    await expect(bob.relay.publish(a)).rejects.toThrow(/^blocked: /);
    expect(ids(await stranger.ask({ kinds: [30003], authors: [bob.key] }))).toEqual([b.id]);
  });

  it('counts people by HyperLogLog (NIP-45)', async () => {
    const target = await alice.publish({ content: 'like this' });
    const registers = newHll();
    for (const someone of [alice, bob]) {
      const like = await someone.publish({ kind: 7, content: '+', tags: [['e', target.id], ['p', alice.key]] });
      feedEvent(registers, like, computeOffset(target.id));
    }
    await bob.publish({ kind: 7, content: '-', tags: [['e', target.id]] });
    const answer = await stranger.relay.countWithHLL([getCountManyFilter(target.id, 'reactions')], {});
    expect(answer).toEqual({ count: 3, hll: hllEncode(registers) });
    expect(await stranger.relay.countWithHLL([{ kinds: [7] }], {})).toEqual({ count: 3 });
  });

  it('sends mail that only its recipient gets (NIP-17, NIP-42, NIP-59)', async () => {
    const wrap = wrapEvent(stranger.secret, { publicKey: alice.key }, '안녕하세요 \u{1f44b}');
    const long = wrapEvent(stranger.secret, { publicKey: alice.key }, 'x'.repeat(40_000));
    for (const w of [wrap, long]) await stranger.relay.publish(w);
    await expect(stranger.ask({ kinds: [1059] })).rejects.toThrow(/^auth-required: /);
    expect(await stranger.ask({ ids: [wrap.id] }, { '#p': [alice.key], since: 0 })).not.toContainEqual(wrap);

    await bob.login();
    expect(await bob.ask({ kinds: [1059], '#p': [alice.key] })).toEqual([]);
    expect(await bob.relay.count([{ ids: [wrap.id] }], {})).toBe(0);

    await alice.login();
    const mail = await alice.ask({ kinds: [1059], '#p': [alice.key] });
    expect(ids(mail).sort()).toEqual([wrap.id, long.id].sort());
    expect(unwrapEvent(wrap, alice.secret)).toMatchObject({ kind: 14, pubkey: stranger.key, content: '안녕하세요 \u{1f44b}' });

    // The relay passes on what it cannot read, the longer form of NIP-44 too.
    const once = generateSecretKey();
    const seal = createSeal(createRumor({ kind: 14, content: 'x'.repeat(46_000) }, bob.secret), bob.secret, alice.key);
    const sealed = encrypt(JSON.stringify(seal), getConversationKey(once, alice.key));
    const extended = finalizeEvent({ kind: 1059, created_at: now(), tags: [['p', alice.key]], content: sealed }, once);
    expect(JSON.stringify(seal).length).toBeGreaterThan(65_535);
    await bob.relay.publish(extended);
    const [stored] = await alice.ask({ ids: [extended.id] });
    expect(unwrapEvent(stored as NostrEvent, alice.secret).content).toHaveLength(46_000);

    await alice.publish({ kind: 5, tags: [['e', wrap.id], ['k', '1059']] });
    expect(ids(await alice.ask({ kinds: [1059] })).sort()).toEqual([long.id, extended.id].sort());
    await bob.publish({ kind: 5, tags: [['e', long.id], ['k', '1059']] });
    expect(ids(await alice.ask({ kinds: [1059] })).sort()).toEqual([long.id, extended.id].sort());
  });

  it('publishes what is protected only as its author (NIP-42, NIP-70)', async () => {
    const event = alice.sign({ content: 'only by me', tags: [['-']] });
    await expect(stranger.relay.publish(event)).rejects.toThrow(/^auth-required: /);
    await expect(bob.relay.publish(event)).rejects.toThrow(/^(auth-required|restricted): /);
    await alice.relay.publish(event);
  });

  it('reconciles (NIP-77)', async () => {
    const at = now() - 100_000;
    const both: NostrEvent[] = [];
    for (let i = 0; i < 250; i++) both.push(bob.sign({ created_at: at + i, tags: [['t', 'set']], content: String(i) }));
    const [mine, shared, theirs] = [both.slice(0, 60), both.slice(60, 190), both.slice(190)];
    await Promise.all([...shared, ...theirs].map((e) => bob.relay.publish(e)));
    const storage = new nip77.NegentropyStorageVector();
    for (const e of [...mine, ...shared]) storage.insert(e.created_at, e.id);
    storage.seal();
    const have: string[] = [];
    const need: string[] = [];
    await new Promise<void>((done, fail) => {
      const sync = new nip77.NegentropySync(stranger.relay, storage, { '#t': ['set'] }, {
        onhave: (id) => have.push(id),
        onneed: (id) => need.push(id),
        onclose: (reason) => (reason ? fail(new Error(reason)) : done()),
      });
      sync.start().catch(fail);
    });
    expect(have.sort()).toEqual(ids(mine).sort());
    expect(need.sort()).toEqual(ids(theirs).sort());
  });

  it('lets its operator manage it, in public (NIP-86, NIP-98)', async () => {
    const call = async (someone: Someone, method: string, ...params: string[]) => {
      const body = { method, params };
      const authorization = await getToken(`${node.url}/`, 'post', (t) => finalizeEvent(t, someone.secret), true, body);
      const answer = await fetch(`${node.url}/`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/nostr+json+rpc', Authorization: authorization },
        body: JSON.stringify(body),
      });
      return { status: answer.status, ...((await answer.json()) as { result?: unknown; error?: string }) };
    };
    const note = await bob.publish({ content: 'to be banned' });
    expect(await call(bob, 'banevent', note.id)).toMatchObject({ status: 403 });
    expect(await call(alice, 'banevent', note.id, 'off topic')).toEqual({ status: 200, result: true });
    expect(await stranger.ask({ ids: [note.id] })).toEqual([]);
    expect(await stranger.relay.count([{ ids: [note.id] }], {})).toBe(0);
    const [list] = await stranger.ask({ kinds: [10000], '#e': [note.id] });
    expect(list?.pubkey).toBe(((await fetchRelayInformation(socket)) as { self?: string }).self);
    expect(await call(alice, 'allowevent', note.id)).toEqual({ status: 200, result: true });
    expect(ids(await stranger.ask({ ids: [note.id] }))).toEqual([note.id]);
  });

  it('leaves (NIP-43)', async () => {
    const guest = await Someone.arrive(socket);
    const code = (await node.madang('invite')).trim().split('/').pop() as string;
    await guest.relay.publish(guest.sign({ kind: 28934, tags: [['-'], ['claim', code]] }));
    await guest.publish({ content: 'here' });
    await guest.login();
    expect(await guest.relay.publish(guest.sign({ kind: 28936, tags: [['-']] }))).toMatch(/^info: /);
    await expect(guest.publish({ content: 'gone' })).rejects.toThrow(/^restricted: /);
    const [roster] = await stranger.ask({ kinds: [13534] });
    expect(roster?.tags).not.toContainEqual(['member', guest.key]);
    guest.relay.close();
  });

  const odd: [string, string][] = [
    ['U+007F', 'a\u007fb'],
    ['the escapes of NIP-01', '\b\t\n\f\r"\\'],
    ['every control character', Array.from({ length: 32 }, (_, i) => String.fromCharCode(i)).join('')],
    ['characters beyond the BMP', '\u{1f3f4}\u{e0067}\u{10ffff}'],
    ['line and paragraph separators', '\u2028\u2029'],
    ['characters that are none', '\ufffe\uffff\ufeff\u0080'],
    ['slashes and markup', '</script>/&<>\''],
    ['several scripts', 'ㅁㅏㄷㅏㅇ 마당 ميدان मैदान'],
  ];
  it.each(odd)('and the node agree on the id of a text with %s', async (_name, text) => {
    const event = await alice.publish({ content: text, tags: [['t', text], [text, text, '']] });
    const [stored] = await stranger.ask({ ids: [event.id] });
    expect({ ...stored }).toMatchObject({ content: text, tags: [['t', text], [text, text, '']] });
    expect(getEventHash(stored as NostrEvent)).toBe(event.id);
    expect(ids(await stranger.ask({ '#t': [text] }))).toEqual([event.id]);
  });

  it('is understood however its JSON is written', async () => {
    const event = alice.sign({ content: '한 é/\u007f\u{1f44b}' });
    const escaped = JSON.stringify(event).replace(/[^\x20-\x7e]|\//g, (c) =>
      c === '/' ? '\\/' : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}`);
    expect(escaped).toContain('\\uD83D\\uDC4B');
    const answer = await raw(`[ "EVENT" ,\n${escaped}\t]`);
    expect(answer).toEqual(['OK', event.id, true, '']);
    const [stored] = await stranger.ask({ ids: [event.id] });
    expect(stored?.content).toBe('한 é/\u007f\u{1f44b}');
  });

  it('has half a surrogate pair refused, which no two programs read alike', async () => {
    const unsigned = { kind: 1, created_at: now(), tags: [], content: 'half \ud83d', pubkey: alice.key };
    const id = createHash('sha256').update(JSON.stringify([0, alice.key, unsigned.created_at, 1, [], unsigned.content])).digest('hex');
    const answer = await raw(JSON.stringify(['EVENT', { ...unsigned, id, sig: '0'.repeat(128) }]));
    expect(answer.slice(0, 3)).toEqual(['OK', id, false]);
    expect(answer[3]).toMatch(/^invalid: /);
  });

  /** Sends one message over a connection of its own and returns the answer to it. */
  function raw(message: string): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      const ws = new WebSocket(socket);
      ws.onopen = () => ws.send(message);
      ws.onerror = () => reject(new Error('the connection broke'));
      ws.onmessage = ({ data }) => {
        const answer = JSON.parse(data as string) as unknown[];
        if (answer[0] === 'AUTH') return;
        resolve(answer);
        ws.close();
      };
    });
  }
});
