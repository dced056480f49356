import { describe, expect, it } from 'vitest';
import { NodeApi } from './api';

const answering = (status: number, body: string, headers: Record<string, string> = {}) =>
  new NodeApi('http://node:8080', () => Promise.resolve(new Response(body, { status, headers })));
const get = { method: 'GET', path: '/api/node' } as const;

describe('the node’s API', () => {
  it('signs the absolute URL and the body’s exact text', async () => {
    const seen: unknown[] = [];
    const api = new NodeApi('http://node:8080', (url, init) => {
      seen.push(url, init?.method, init?.body, init?.headers);
      return Promise.resolve(new Response('{"ok":1}'));
    });
    const authorize = (...a: unknown[]) => Promise.resolve(`Nostr ${JSON.stringify(a)}`);
    await api.call({ method: 'PUT', path: '/api/vault', body: { name: '하늘' }, authorize });
    const text = '{"name":"하늘"}';
    expect(seen).toEqual([
      'http://node:8080/api/vault', 'PUT', text,
      {
        'Content-Type': 'application/json',
        Authorization: `Nostr ${JSON.stringify(['http://node:8080/api/vault', 'PUT', text])}`,
      },
    ]);
  });

  it.each([
    [409, '{"error":"name-taken","message":"…"}', 'name-taken'],
    [507, '{"error":"disk-full"}', 'full'],
    [404, 'not found', 'not-found'],
    [403, '', 'not-allowed'],
    [500, '<html>', 'server'],
    [418, '', 'refused'],
    [200, 'not json', 'bad-answer'],
    [200, '[1]', 'bad-answer'],
    [200, `{"x":"${'x'.repeat(300_000)}"}`, 'bad-answer'],
  ])('tells %i %s as a code', async (status, body, code) => {
    await expect(answering(status, body).call(get)).rejects.toMatchObject({ code });
  });

  it('takes no content for an answer', async () => {
    const api = new NodeApi('http://node:8080', () => Promise.resolve(new Response(null, { status: 204 })));
    expect(await api.call({ method: 'DELETE', path: '/api/members/x' })).toEqual({});
  });

  it('tells how long to wait', async () => {
    const api = answering(429, '{"error":"too-many-guesses"}', { 'Retry-After': '30' });
    await expect(api.call(get)).rejects.toMatchObject({ code: 'too-many-guesses', retryAfter: 30 });
  });

  it('is offline when nothing answers', async () => {
    const api = new NodeApi('http://node', () => Promise.reject(new TypeError('failed to fetch')));
    await expect(api.call(get)).rejects.toMatchObject({ code: 'offline' });
  });

  it('takes no vault of another shape', async () => {
    await expect(answering(200, '{"salt":1}').vaultParams('x')).rejects.toMatchObject({ code: 'bad-answer' });
    const wrong = answering(200, '{"pubkey":"x","sealed":""}');
    await expect(wrong.openVault('x', '00')).rejects.toMatchObject({ code: 'bad-answer' });
  });
});
