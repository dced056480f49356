import { readFileSync } from 'node:fs';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { decrypt, encrypt, getConversationKey } from 'nostr-tools/nip44';
import { finalizeEvent, getEventHash, verifyEvent } from 'nostr-tools/pure';
import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, it } from 'vitest';
import { kind, type NostrEvent, type Rumor } from './event';
import { newSecret, publicKey } from './keys';
import { makeRumor, unwrap, wrapFor, wrapForAll } from './wrap';

const alice = newSecret();
const bob = newSecret();
const now = 1_700_000_000;
const chat = (text: string, author = alice): Rumor =>
  makeRumor({ kind: kind.chat, created_at: now, tags: [['p', publicKey(bob)]], content: text }, publicKey(author));

/** A wrap whose layers are each as the test wants them. */
function forge(a: {
  rumor: object;
  seal?: Partial<NostrEvent>;
  sealer?: Uint8Array;
  tamper?: (seal: NostrEvent) => void;
}) {
  const sealer = a.sealer ?? alice;
  const content = encrypt(JSON.stringify(a.rumor), getConversationKey(sealer, publicKey(bob)));
  const seal = finalizeEvent({ kind: kind.seal, created_at: now, tags: [], content, ...a.seal }, sealer);
  const plain = JSON.parse(JSON.stringify(seal)) as NostrEvent;
  a.tamper?.(plain);
  const once = newSecret();
  const wrapped = encrypt(JSON.stringify(plain), getConversationKey(once, publicKey(bob)));
  return finalizeEvent({ kind: kind.wrap, created_at: now, tags: [['p', publicKey(bob)]], content: wrapped }, once);
}

describe('gift wraps', () => {
  it('carry a message to each reader and to nobody else', () => {
    const rumor = chat('안녕하세요 👋 مرحبا');
    const wraps = wrapForAll(rumor, alice, [publicKey(bob), publicKey(alice)], now);
    expect(wraps.map((w) => w.to)).toEqual([publicKey(bob), publicKey(alice)]);
    const [toBob, toAlice] = wraps.map((w) => w.event) as [NostrEvent, NostrEvent];
    expect(unwrap(toBob, bob)).toEqual(rumor);
    expect(unwrap(toAlice, alice)).toEqual(rumor);
    expect(unwrap(toBob, alice)).toBeNull();
    expect(unwrap(toBob, newSecret())).toBeNull();
  });

  it('show the outside a throw-away author, one reader and a time within two days', () => {
    const events = Array.from({ length: 20 }, () => wrapFor(chat('x'), alice, publicKey(bob), now));
    for (const e of events) {
      expect(verifyEvent(e)).toBe(true);
      expect(e.tags).toEqual([['p', publicKey(bob)]]);
      expect(e.created_at).toBeLessThanOrEqual(now);
      expect(e.created_at).toBeGreaterThan(now - 2 * 86400);
      expect(JSON.stringify(e)).not.toContain(publicKey(alice));
    }
    expect(new Set(events.map((e) => e.pubkey)).size).toBe(20);
    expect(new Set(events.map((e) => e.created_at)).size).toBeGreaterThan(10);
  });

  it('are opened when all layers hold', () => {
    const rumor = chat('holds');
    expect(unwrap(forge({ rumor }), bob)).toEqual(rumor);
  });

  it.each<[string, () => NostrEvent]>([
    ['a rumor by another than its sealer', () => forge({ rumor: chat('I am Alice'), sealer: newSecret() })],
    ['a seal with a wrong signature', () => forge({ rumor: chat('x'), tamper: (s) => (s.sig = '0'.repeat(128)) })],
    ['a seal with another content', () => forge({ rumor: chat('x'), tamper: (s) => (s.created_at += 1) })],
    ['a seal that claims another author', () => forge({ rumor: chat('x'), tamper: (s) => (s.pubkey = publicKey(bob)) })],
    ['a seal of another kind', () => forge({ rumor: chat('x'), seal: { kind: 1 } })],
    ['a rumor whose id is wrong', () => forge({ rumor: { ...chat('x'), id: 'a'.repeat(64) } })],
    ['a rumor without an id', () => forge({ rumor: { ...chat('x'), id: undefined } })],
    ['a rumor of no shape', () => forge({ rumor: [1, 2, 3] })],
    ['a rumor with broken tags', () => forge({ rumor: { ...chat('x'), tags: [[1]] } })],
    ['an event of another kind', () => ({ ...forge({ rumor: chat('x') }), kind: 1 })],
    ['content that is no NIP-44', () => ({ ...forge({ rumor: chat('x') }), content: 'hello' })],
    ['content beyond any event', () => ({ ...forge({ rumor: chat('x') }), content: 'A'.repeat(300_000) })],
    ['an author that is no point', () => ({ ...forge({ rumor: chat('x') }), pubkey: 'f'.repeat(64) })],
  ])('are refused with %s', (_name, make) => {
    expect(unwrap(make(), bob)).toBeNull();
  });

  it('are opened in spite of tags on the seal and of several readers', () => {
    const rumor = chat('x');
    const wrap = forge({ rumor, seal: { tags: [['expiration', '1'], ['p', publicKey(alice)]] } });
    wrap.tags.push(['p', publicKey(alice), 'wss://relay.example']);
    expect(unwrap(wrap, bob)).toEqual(rumor);
  });

  it('are opened in the longer form of NIP-44, and never made in it', () => {
    const rumor = chat('x'.repeat(46_000));
    const wrap = forge({ rumor });
    expect(wrap.content.length).toBeGreaterThan(65_536 * 4 / 3);
    expect(unwrap(wrap, bob)).toEqual(rumor);
    expect(() => wrapFor(rumor, alice, publicKey(bob), now)).toThrow(RangeError);
    const longest = wrapFor(chat('x'.repeat(40_000)), alice, publicKey(bob), now);
    expect(unwrap(longest, bob)?.content).toHaveLength(40_000);
  });

  it('give only the fields of a rumor, whatever was packed beside them', () => {
    const rumor = chat('x');
    const opened = unwrap(forge({ rumor: { ...rumor, sig: 'a'.repeat(128), extra: 1 } }), bob);
    expect(opened).toEqual(rumor);
    expect(opened?.id).toBe(getEventHash(rumor));
  });
});

// Published vectors of NIP-44 (see testdata/nostr/README.md).
interface Vectors {
  v2: {
    valid: {
      get_conversation_key: { sec1: string; pub2: string; conversation_key: string }[];
      encrypt_decrypt: { conversation_key: string; nonce: string; plaintext: string; payload: string }[];
      encrypt_decrypt_long_msg: {
        conversation_key: string; nonce: string; pattern: string; repeat: number; payload_sha256: string;
      }[];
    };
    invalid: {
      get_conversation_key: { sec1: string; pub2: string }[];
      decrypt: { conversation_key: string; payload: string; note: string }[];
    };
  };
}

describe('NIP-44 as it is used here', () => {
  const file = new URL('../../../testdata/nostr/nip44.vectors.json', import.meta.url);
  const { valid, invalid } = (JSON.parse(readFileSync(file, 'utf8')) as Vectors).v2;
  const hash = (text: string) => bytesToHex(sha256(new TextEncoder().encode(text)));

  it('derives conversation keys', () => {
    for (const v of valid.get_conversation_key) {
      expect(bytesToHex(getConversationKey(hexToBytes(v.sec1), v.pub2))).toBe(v.conversation_key);
    }
    for (const v of invalid.get_conversation_key) {
      expect(() => getConversationKey(hexToBytes(v.sec1), v.pub2)).toThrow();
    }
  });

  it('encrypts and decrypts', () => {
    for (const v of valid.encrypt_decrypt) {
      const key = hexToBytes(v.conversation_key);
      expect(encrypt(v.plaintext, key, hexToBytes(v.nonce))).toBe(v.payload);
      expect(decrypt(v.payload, key)).toBe(v.plaintext);
    }
    for (const v of valid.encrypt_decrypt_long_msg) {
      const payload = encrypt(v.pattern.repeat(v.repeat), hexToBytes(v.conversation_key), hexToBytes(v.nonce));
      expect(hash(payload)).toBe(v.payload_sha256);
    }
  });

  it('refuses broken payloads', () => {
    for (const v of invalid.decrypt) expect(() => decrypt(v.payload, hexToBytes(v.conversation_key)), v.note).toThrow();
  });
});
