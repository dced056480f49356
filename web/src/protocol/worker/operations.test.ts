import { verifyEvent } from 'nostr-tools/pure';
import { beforeEach, describe, expect, it } from 'vitest';
import { codeOf } from '../errors';
import { forgetAll } from './keyring';
import { operations, type Operations } from './operations';
import type { Context } from './rpc';

const quiet: Context = { progress: () => undefined, stopped: () => false };
const code = (work: () => unknown): Promise<string> => Promise.resolve().then(work).then(() => 'nothing', codeOf);
let worker: Operations;

beforeEach(async () => {
  await forgetAll();
  worker = operations();
});

describe('the key on this device', () => {
  it('is found by every later worker when the person stays', async () => {
    const pubkey = worker.generateKey();
    expect(await worker.keep({ stay: true })).toBeNull();
    expect(await operations().restore(null)).toBe(pubkey);
  });

  it('is found only with the tab’s ticket when not', async () => {
    const pubkey = worker.generateKey();
    const ticket = (await worker.keep({ stay: false })) as string;
    expect(await operations().restore(null)).toBeNull();
    expect(await operations().restore(ticket)).toBe(pubkey);
    const [id] = ticket.split(':');
    expect(await operations().restore(`${id}:${'0'.repeat(64)}`)).toBeNull();
    for (const broken of ['', ':', `${id}:`, 'x:y']) expect(await operations().restore(broken)).toBeNull();
  });

  it('is gone after forgetting', async () => {
    worker.generateKey();
    const ticket = await worker.keep({ stay: false });
    await worker.keep({ stay: true });
    await worker.forget();
    expect(await operations().restore(null)).toBeNull();
    expect(await operations().restore(ticket)).toBeNull();
    expect(await code(() => worker.card('en'))).toBe('login-needed');
  });

  it('is needed for whatever speaks in its name', async () => {
    const template = { kind: 1, created_at: 1, tags: [], content: '' };
    expect(await code(() => worker.sign(template))).toBe('login-needed');
    expect(await code(() => worker.unwrap([{ ...template, id: '', pubkey: '', sig: '' }]))).toBe('login-needed');
    expect(await code(() => worker.keep({ stay: true }))).toBe('login-needed');
    expect(await code(() => worker.unseal({ pubkey: '0'.repeat(64), sealed: '' }))).toBe('login-needed');
    worker.generateKey();
    const signed = worker.sign(template);
    expect(verifyEvent(signed)).toBe(true);
    expect(worker.verify([signed, { ...signed, content: 'x' }])).toEqual([true, false]);
  });
});

describe('a passphrase', () => {
  it('seals on one device and opens on another', async () => {
    const pubkey = worker.generateKey();
    const { auth, sealed, ...params } = await worker.seal('one two three four five', quiet);
    const other = operations();
    expect(await other.prove({ passphrase: 'one  two three four five ', params }, quiet)).toBe(auth);
    expect(other.unseal({ pubkey, sealed })).toBe(pubkey);
    const weak = { passphrase: 'x', params: { ...params, n: 1024 } };
    expect(await code(() => other.prove(weak, quiet))).toBe('vault-weak');
  });
});

describe('the recovery card', () => {
  it.each(['en', 'ko'] as const)('leads back to the key, and its words can be asked for (%s)', (list) => {
    const pubkey = worker.generateKey();
    const { words, nsec } = worker.card(list);
    expect(operations().openCard(words.join(' '))).toBe(pubkey);
    expect(operations().openCard(nsec)).toBe(pubkey);
    const at = (index: number) => ({ index, word: ` ${words[index]?.normalize('NFD').toUpperCase()} ` });
    expect(worker.confirmCard({ list, answers: [at(0), at(23)] })).toBe(true);
    expect(worker.confirmCard({ list, answers: [at(0), { index: 1, word: 'wrong' }] })).toBe(false);
    expect(worker.confirmCard({ list, answers: [{ index: 24, word: '' }] })).toBe(false);
    expect(worker.confirmCard({ list, answers: [] })).toBe(false);
  });
});

describe('a file', () => {
  it('is hashed piece by piece, and no further once stopped', async () => {
    const file = new Blob([new Uint8Array(9 * 1024 * 1024)]);
    const progress: number[] = [];
    const hash = await worker.hashFile(file, { ...quiet, progress: (p) => progress.push(p) });
    expect(hash).toBe('d2ee4703cd9698945ca7b9fe1689ea3095597eac1a0afd8dba00cac7894fdc43');
    expect(progress).toHaveLength(3);
    expect(progress[2]).toBe(1);
    expect(await worker.hashFile(new Blob([]), quiet)).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(await code(() => worker.hashFile(file, { ...quiet, stopped: () => true }))).toBe('stopped');
  });
});
