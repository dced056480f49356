import { bytesToHex } from '@noble/hashes/utils.js';
import { wordlist as english } from '@scure/bip39/wordlists/english.js';
import { wordlist as korean } from '@scure/bip39/wordlists/korean.js';
import { describe, expect, it } from 'vitest';
import { codeOf } from './errors';
import { fromCard, newPassphrase, newSecret, toNsec, toWords } from './keys';

describe('recovery card', () => {
  it.each(['en', 'ko'] as const)('words of the %s list lead back to the key, however they are typed', (list) => {
    const secret = newSecret();
    const words = toWords(secret, list);
    expect(words).toHaveLength(24);
    expect(fromCard(words.join(' '))).toEqual(secret);
    expect(fromCard(`  ${words.join('\n').toUpperCase()} `)).toEqual(secret);
    expect(fromCard(words.join(' ').normalize('NFD'))).toEqual(secret);
  });

  it('takes nsec and hex', () => {
    const secret = newSecret();
    expect(fromCard(toNsec(secret))).toEqual(secret);
    expect(fromCard(bytesToHex(secret))).toEqual(secret);
  });

  // The words are the BIP-39 vector of 32 zero bytes, which no secp256k1 key may be.
  it.each([
    '',
    'one two three',
    `${'abandon '.repeat(23)}art`,
    `${'abandon '.repeat(23)}zoo`,
    'nsec1qqqq',
    'npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6',
    '0'.repeat(64),
    'f'.repeat(64),
    'word '.repeat(100_000),
  ])('refuses %#', (card) => {
    let code = '';
    try {
      fromCard(card);
    } catch (error) {
      code = codeOf(error);
    }
    expect(code).toBe('card-invalid');
  });
});

describe('passphrase', () => {
  it('has six words of the list, and is another each time', () => {
    const words = newPassphrase('en').split(' ');
    expect(words).toHaveLength(6);
    expect(words.every((w) => english.includes(w))).toBe(true);
    const composed = korean.map((w) => w.normalize('NFC'));
    expect(newPassphrase('ko').split(' ').every((w) => composed.includes(w))).toBe(true);
    expect(new Set(Array.from({ length: 50 }, () => newPassphrase('en'))).size).toBe(50);
  });
});
