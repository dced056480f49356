// What the worker does for the page. The secret key lives in a closure here and leaves it only as the recovery card
// that its owner asks to see.
import { bytesToHex } from '@noble/hashes/utils.js';
import { verifyEvent } from 'nostr-tools/pure';
import { CodedError } from '../errors';
import type { EventTemplate, Hex, NostrEvent, Rumor } from '../event';
import { hashFile } from '../filehash';
import { fromCard, newPassphrase, newSecret, publicKey, toNsec, toWords, type WordList } from '../keys';
import { npub } from '../nip19';
import { blobToken, httpToken, sign, type BlobRequest, type HttpRequest } from '../tokens';
import { decodeSealed, deriveKeys, newRecord, unseal, type VaultParams, type VaultRecord } from '../vault';
import { makeRumor, unwrap, wrapForAll, type AddressedWrap, type RumorTemplate } from '../wrap';
import * as keyring from './keyring';
import type { Context } from './rpc';

export function operations() {
  let secret: Uint8Array | null = null;
  let wrapKey: Uint8Array | null = null;

  const use = (key: Uint8Array): Hex => {
    secret = key;
    return publicKey(key);
  };
  const mine = (): Uint8Array => {
    if (!secret) throw new CodedError('login-needed');
    return secret;
  };

  return {
    generateKey: (): Hex => use(newSecret()),

    passphrase: (list: WordList): string => newPassphrase(list),

    /** A new vault record of the key in use. */
    seal: (passphrase: string, { progress }: Context): Promise<VaultRecord> =>
      newRecord(passphrase, mine(), publicKey(mine()), progress),

    /** What proves the passphrase to the node; the wrapping key waits here for `unseal`. */
    prove: async (a: { passphrase: string; params: VaultParams }, { progress }: Context): Promise<Hex> => {
      const keys = await deriveKeys(a.passphrase, a.params, progress);
      wrapKey = keys.wrap;
      return bytesToHex(keys.auth);
    },

    unseal: (a: { pubkey: Hex; sealed: string }): Hex => {
      if (!wrapKey) throw new CodedError('login-needed');
      const key = unseal(decodeSealed(a.sealed), a.pubkey, wrapKey);
      wrapKey = null;
      return use(key);
    },

    openCard: (card: string): Hex => use(fromCard(card)),

    /** Keeps the key in use on the device (`null`) or for this tab (its ticket). */
    keep: async (a: { stay: boolean }): Promise<string | null> => {
      if (!a.stay) return keyring.keepForTab(mine());
      await keyring.keepForDevice(mine());
      return null;
    },

    restore: async (ticket: string | null): Promise<Hex | null> => {
      const found = await keyring.find(ticket);
      return found && use(found);
    },

    /** Drops the key from memory. */
    drop: (): void => {
      secret = null;
      wrapKey = null;
    },

    /** Drops the key from memory and from the device. */
    forget: async (): Promise<void> => {
      secret = null;
      wrapKey = null;
      await keyring.forgetAll();
    },

    card: (list: WordList): { words: string[]; nsec: string; npub: string } => ({
      words: toWords(mine(), list),
      nsec: toNsec(mine()),
      npub: npub(publicKey(mine())),
    }),

    confirmCard: (a: { list: WordList; answers: { index: number; word: string }[] }): boolean => {
      const words = toWords(mine(), a.list);
      return a.answers.length > 0 && a.answers.every(({ index, word }) => words[index] === plainWord(word));
    },

    sign: (template: EventTemplate): NostrEvent => sign(template, mine()),

    httpToken: (request: HttpRequest): string => httpToken(request, mine()),

    blobToken: (request: BlobRequest): string => blobToken(request, mine()),

    /** A rumor by the key in use, and a wrap of it for each reader. */
    wrap: (a: { rumor: RumorTemplate; readers: Hex[]; now: number }): { rumor: Rumor; wraps: AddressedWrap[] } => {
      const rumor = makeRumor(a.rumor, publicKey(mine()));
      return { rumor, wraps: wrapForAll(rumor, mine(), a.readers, a.now) };
    },

    /** What is in each wrap; null where it is not for this key or does not hold. */
    unwrap: (wraps: NostrEvent[]): (Rumor | null)[] => wraps.map((wrap) => unwrap(wrap, mine())),

    /** Whether id and signature of each hold. */
    verify: (events: NostrEvent[]): boolean[] => events.map(holds),

    hashFile: (file: Blob, { progress, stopped }: Context): Promise<Hex> => hashFile(file, progress, stopped),
  };
}

/** On a copy: the library marks objects that it has checked, and a mark must not vouch for a changed event. */
const holds = ({ id, pubkey, sig, kind, created_at, tags, content }: NostrEvent): boolean =>
  verifyEvent({ id, pubkey, sig, kind, created_at, tags, content });

const plainWord = (word: string): string => word.normalize('NFC').trim().toLowerCase();

export type Operations = ReturnType<typeof operations>;
