// The vault (docs/formats.md, 'Vault'): a passphrase yields one key that proves it to the node and another that seals
// the secret key. The node sees neither passphrase nor secret key. internal/account holds the same in Go; both are
// checked against testdata/vault.json.
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { schnorr } from '@noble/curves/secp256k1.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { scryptAsync } from '@noble/hashes/scrypt.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { base64 } from '@scure/base';
import { CodedError } from './errors';
import type { Hex } from './event';

const version = 1;
const nonceSize = 24;
const keySize = 32;
const tagSize = 16;
/** Bytes, before normalising. */
const maxPassphrase = 1024;

export interface VaultParams {
  /** Hex, 16 to 64 bytes. */
  salt: string;
  n: number;
  r: number;
  p: number;
}

/** What the node keeps of a person, as `/api/join` and `/api/vault` take it. */
export interface VaultRecord extends VaultParams {
  /** Hex, 32 bytes. */
  auth: Hex;
  /** Base64: version, nonce, box. */
  sealed: string;
}

export interface DerivedKeys {
  auth: Uint8Array;
  wrap: Uint8Array;
}

export const minimumParams = { n: 65536, r: 8, p: 1 } as const;
const maxN = 2 ** 20;
const maxR = 32;
const maxP = 16;

/**
 * The same passphrase from any keyboard gives the same bytes: NFKC, trimmed, inner white space runs to one space. White
 * space is Unicode's and the byte order mark: `\s` has the latter but not U+0085.
 */
export function normalisePassphrase(passphrase: string): string {
  return passphrase.normalize('NFKC').replace(/[\s\u0085]+/gu, ' ').replace(/^ | $/g, '');
}

/** Refuses what a hostile node could ask in order to guess cheaply, or to make this device run out of memory. */
export function checkParams({ salt, n, r, p }: VaultParams): void {
  const power = Number.isSafeInteger(n) && n > 0 && (n & (n - 1)) === 0;
  const strong = power && n >= minimumParams.n && Number.isInteger(r) && r >= minimumParams.r;
  const bearable = n <= maxN && r <= maxR && Number.isInteger(p) && p >= minimumParams.p && p <= maxP;
  if (!strong || !bearable || n * r > maxN * minimumParams.r) throw new CodedError('vault-weak');
  if (!/^([0-9a-f]{2}){16,64}$/.test(salt)) throw new CodedError('vault-weak');
}

/** Derives both keys. Takes a second or more; `onProgress` gets 0 to 1. */
export async function deriveKeys(
  passphrase: string,
  params: VaultParams,
  onProgress?: (done: number) => void,
): Promise<DerivedKeys> {
  checkParams(params);
  if (utf8ToBytes(passphrase).length > maxPassphrase) throw new CodedError('too-large');
  const text = normalisePassphrase(passphrase);
  const { n: N, r, p } = params;
  const master = await scryptAsync(utf8ToBytes(text), hexToBytes(params.salt), {
    N, r, p, dkLen: keySize, onProgress, maxmem: 128 * N * r + 128 * r * p + 1024 * 1024,
  });
  const expand = (info: string) => hkdf(sha256, master, new Uint8Array(0), utf8ToBytes(info), keySize);
  const keys = { auth: expand('madang vault auth v1'), wrap: expand('madang vault wrap v1') };
  master.fill(0);
  return keys;
}

const associated = (pubkey: Hex): Uint8Array => concatBytes(Uint8Array.of(version), hexToBytes(pubkey));

/** Seals a secret key: `0x01 || nonce24 || box`. */
export function seal(secret: Uint8Array, pubkey: Hex, wrapKey: Uint8Array, nonce = randomBytes(nonceSize)): Uint8Array {
  const box = xchacha20poly1305(wrapKey, nonce, associated(pubkey)).encrypt(secret);
  return concatBytes(Uint8Array.of(version), nonce, box);
}

/** Opens a sealed key, and holds it only if it is the one that `pubkey` names. */
export function unseal(sealed: Uint8Array, pubkey: Hex, wrapKey: Uint8Array): Uint8Array {
  const broken = () => new CodedError('sealed-broken');
  if (sealed.length !== 1 + nonceSize + keySize + tagSize || sealed[0] !== version) throw broken();
  let secret: Uint8Array;
  try {
    const nonce = sealed.subarray(1, 1 + nonceSize);
    secret = xchacha20poly1305(wrapKey, nonce, associated(pubkey)).decrypt(sealed.subarray(1 + nonceSize));
    if (bytesToHex(schnorr.getPublicKey(secret)) === pubkey) return secret;
  } catch {
    throw broken();
  }
  throw broken();
}

/** A fresh record for a passphrase: new salt, the minimum parameters. */
export async function newRecord(
  passphrase: string,
  secret: Uint8Array,
  pubkey: Hex,
  onProgress?: (done: number) => void,
): Promise<VaultRecord> {
  const params = { salt: bytesToHex(randomBytes(32)), ...minimumParams };
  const keys = await deriveKeys(passphrase, params, onProgress);
  const sealed = seal(secret, pubkey, keys.wrap);
  return { ...params, auth: bytesToHex(keys.auth), sealed: base64.encode(sealed) };
}

export function decodeSealed(text: string): Uint8Array {
  try {
    return base64.decode(text);
  } catch {
    throw new CodedError('sealed-broken');
  }
}
