import { expect, it } from 'vitest';
import { NodeApi } from '../protocol/api';
import { setUp } from './core';
import { confirmedAddress } from './nip05';
import { inProcessCrypto } from './testkit';

const [mina, other] = ['1'.repeat(64), '2'.repeat(64)];
const asked: string[] = [];

function node(answer: (url: string) => Promise<Response>): void {
  const fetcher: typeof fetch = (url) => {
    asked.push(String(url));
    return answer(String(url));
  };
  setUp('http://node:8080', { api: new NodeApi('http://node:8080', fetcher), crypto: inProcessCrypto() });
}

it('shows an address only as the node confirms it, at its own host', async () => {
  node(() => Promise.resolve(new Response(JSON.stringify({ names: { mina } }))));
  expect(await confirmedAddress('mina@node:8080', mina)).toBe('mina@node:8080');
  expect(await confirmedAddress('mina@192.168.1.5', mina)).toBe('mina@node:8080');
  expect(await confirmedAddress('mina@node:8080', other)).toBeUndefined();
  for (const claim of ['yusuf@node:8080', '@node', 'node', '', '__proto__@node', 'constructor@node']) {
    expect(await confirmedAddress(claim, mina)).toBeUndefined();
  }
  await confirmedAddress('a&b=c/../d@node', mina);
  expect(asked.pop()).toBe('http://node:8080/.well-known/nostr.json?name=a%26b%3Dc%2F..%2Fd');
});

it('shows none when the node does not answer, or nonsense', async () => {
  node(() => Promise.reject(new Error('no line')));
  expect(await confirmedAddress('mina@node', mina)).toBeUndefined();
  for (const nonsense of ['', '[]', '{"names":null}', '{"names":"mina"}']) {
    node(() => Promise.resolve(new Response(nonsense)));
    expect(await confirmedAddress('mina@node', mina)).toBeUndefined();
  }
});
