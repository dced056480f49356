// Secret keys and the forms in which a person keeps one: words (BIP-39), nsec (NIP-19), hex. Runs in the worker.
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39';
import { wordlist as english } from '@scure/bip39/wordlists/english.js';
import { wordlist as korean } from '@scure/bip39/wordlists/korean.js';
import { decode, nsecEncode } from 'nostr-tools/nip19';
import { CodedError } from './errors';
import type { Hex } from './event';

export type WordList = 'en' | 'ko';

const lists: Record<WordList, string[]> = { en: english, ko: korean };
const passphraseWords = 6; // of 2048 each: 66 bits before scrypt
const maxCard = 1000;

export const newSecret = (): Uint8Array => schnorr.utils.randomSecretKey();

export const publicKey = (secret: Uint8Array): Hex => bytesToHex(schnorr.getPublicKey(secret));

/** 24 words that are the secret key itself, in the composed form that keyboards give. */
export function toWords(secret: Uint8Array, list: WordList): string[] {
  return entropyToMnemonic(secret, lists[list]).normalize('NFC').split(' ');
}

export const toNsec = (secret: Uint8Array): string => nsecEncode(secret);

/** Reads a recovery card: 24 words of either list, nsec1… or hex. */
export function fromCard(card: string): Uint8Array {
  const text = card.normalize('NFKC').trim().toLowerCase().replace(/\s+/gu, ' ');
  if (text.length <= maxCard) {
    const read = /^[0-9a-f]{64}$/.test(text) ? hexToBytes : text.startsWith('nsec1') ? fromNsec : fromWords;
    const secret = read(text);
    if (secret && secp256k1.utils.isValidSecretKey(secret)) return secret;
  }
  throw new CodedError('card-invalid');
}

function fromNsec(text: string): Uint8Array | null {
  try {
    const { type, data } = decode(text);
    return type === 'nsec' ? data : null;
  } catch {
    return null;
  }
}

function fromWords(text: string): Uint8Array | null {
  for (const list of [english, korean]) {
    try {
      const entropy = mnemonicToEntropy(text, list);
      if (entropy.length === 32) return entropy;
    } catch {
      // Not of this list, or a word is wrong: the next list, and then the caller, say so.
    }
  }
  return null;
}

/** Six words drawn without bias. */
export function newPassphrase(list: WordList): string {
  const words = lists[list];
  // 65536 is a multiple of 2048, so that the remainder of a uniform 16-bit number is uniform.
  const numbers = crypto.getRandomValues(new Uint16Array(passphraseWords));
  return Array.from(numbers, (n) => words[n % words.length]).join(' ').normalize('NFC');
}
