import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { base64 } from '@scure/base';
import { describe, expect, it } from 'vitest';
import vectors from '../../../testdata/vault.json';
import { codeOf } from './errors';
import { newSecret, publicKey } from './keys';
import { checkParams, decodeSealed, deriveKeys, newRecord, normalisePassphrase, seal, unseal } from './vault';

const codeThrownBy = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return codeOf(error);
  }
  return 'nothing';
};

describe('vault', () => {
  it.each(vectors.normalise)('normalises $in', ({ in: text, out }) => {
    expect(normalisePassphrase(text)).toBe(out);
  });

  it.each(vectors.vectors)('yields the shared vector: $note', async (v) => {
    expect(normalisePassphrase(v.passphrase)).toBe(v.normalised);
    const progress: number[] = [];
    const keys = await deriveKeys(v.passphrase, v, (p) => progress.push(p));
    expect(bytesToHex(keys.auth)).toBe(v.authKey);
    expect(bytesToHex(keys.wrap)).toBe(v.wrapKey);
    expect(progress.length).toBeGreaterThan(1);
    const sealed = seal(hexToBytes(v.secret), v.pubkey, keys.wrap, hexToBytes(v.nonce));
    expect(base64.encode(sealed)).toBe(v.sealed);
    expect(bytesToHex(unseal(decodeSealed(v.sealed), v.pubkey, keys.wrap))).toBe(v.secret);
  });

  it.each(vectors.refused)('refuses N=$n r=$r p=$p salt=$salt from a node', (params) => {
    const salt = 'ab'.repeat(params.salt);
    expect(codeThrownBy(() => checkParams({ ...params, salt }))).toBe('vault-weak');
  });

  it('makes a record that the same passphrase opens and another does not', async () => {
    const secret = newSecret();
    const pubkey = publicKey(secret);
    const record = await newRecord('마당 등불 염소 일곱 마리', secret, pubkey);
    const right = await deriveKeys(' 마당  등불 염소 일곱 마리', record);
    const wrong = await deriveKeys('마당 등불 염소 여덟 마리', record);
    expect(bytesToHex(right.auth)).toBe(record.auth);
    expect(bytesToHex(wrong.auth)).not.toBe(record.auth);
    expect(unseal(decodeSealed(record.sealed), pubkey, right.wrap)).toEqual(secret);
    expect(codeThrownBy(() => unseal(decodeSealed(record.sealed), pubkey, wrong.wrap))).toBe('sealed-broken');
  });

  it('refuses a sealed key that was altered, cut, or belongs to another', () => {
    const secret = newSecret();
    const pubkey = publicKey(secret);
    const wrapKey = new Uint8Array(32).fill(7);
    const sealed = seal(secret, pubkey, wrapKey);
    for (let i = 0; i < sealed.length; i += 9) {
      const altered = sealed.slice();
      altered[i] = (altered[i] ?? 0) ^ 1;
      expect(codeThrownBy(() => unseal(altered, pubkey, wrapKey))).toBe('sealed-broken');
    }
    expect(codeThrownBy(() => unseal(sealed.slice(0, -1), pubkey, wrapKey))).toBe('sealed-broken');
    expect(codeThrownBy(() => unseal(sealed, publicKey(newSecret()), wrapKey))).toBe('sealed-broken');
    // A node that seals another key under the right wrapping key gains nothing: the key must be its owner's.
    const other = seal(newSecret(), pubkey, wrapKey);
    expect(codeThrownBy(() => unseal(other, pubkey, wrapKey))).toBe('sealed-broken');
  });
});
