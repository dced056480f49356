import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { base64, base64urlnopad } from '@scure/base';
import { verifyEvent } from 'nostr-tools/pure';
import { expect, it } from 'vitest';
import type { NostrEvent } from './event';
import { newSecret, publicKey } from './keys';
import { blobToken, httpToken } from './tokens';

const secret = newSecret();
const now = 1_700_000_000;
const read = (header: string, decode: (text: string) => Uint8Array): NostrEvent => {
  expect(header.startsWith('Nostr ')).toBe(true);
  return JSON.parse(new TextDecoder().decode(decode(header.slice(6)))) as NostrEvent;
};

it('an API call is bound to its URL, method and exact body (NIP-98)', () => {
  const body = '{"name":"하늘"}';
  const url = 'http://10.0.0.1:8080/api/vault';
  const e = read(httpToken({ url, method: 'PUT', body, now }, secret), base64.decode);
  expect(verifyEvent(e)).toBe(true);
  expect(e).toMatchObject({ kind: 27235, pubkey: publicKey(secret), created_at: now });
  expect(e.tags).toEqual([
    ['u', url],
    ['method', 'PUT'],
    ['nonce', expect.stringMatching(/^[0-9a-f]{16}$/)],
    ['payload', bytesToHex(sha256(utf8ToBytes(body)))],
  ]);
});

it('two calls in one second have tokens of their own, since a node takes each once', () => {
  const request = { url: 'http://10.0.0.1:8080/api/invites', method: 'GET', now };
  const [a, b] = [read(httpToken(request, secret), base64.decode), read(httpToken(request, secret), base64.decode)];
  expect(a.id).not.toBe(b.id);
  expect(a.tags.some(([name]) => name === 'payload')).toBe(false);
});

it('an upload is bound to one blob on one server for a time (BUD-11)', () => {
  const request = { verb: 'upload', sha256: 'a'.repeat(64), server: 'Node.example', now, expires: now + 60 } as const;
  const e = read(blobToken(request, secret), base64urlnopad.decode);
  expect(verifyEvent(e)).toBe(true);
  expect(e.kind).toBe(24242);
  expect(e.tags).toEqual([
    ['t', 'upload'],
    ['x', 'a'.repeat(64)],
    ['server', 'node.example'],
    ['expiration', String(now + 60)],
  ]);
});
