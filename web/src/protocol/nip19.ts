// What people see of keys and addresses (NIP-19). Secrets are encoded only inside the worker (keys.ts).
import { decode, naddrEncode, neventEncode, npubEncode } from 'nostr-tools/nip19';
import { isAddressable, isHex, tagValue, type Hex, type NostrEvent } from './event';

export const npub = (pubkey: Hex): string => npubEncode(pubkey);

/** naddr1… of an addressable event, else nevent1…. */
export function addressOf(e: NostrEvent): string {
  if (!isAddressable(e.kind)) return neventEncode({ id: e.id, author: e.pubkey, kind: e.kind });
  return naddrEncode({ kind: e.kind, pubkey: e.pubkey, identifier: tagValue(e, 'd') ?? '' });
}

export type Address =
  | { kind: number; pubkey: Hex; d: string; coordinate: string }
  | { id: Hex; coordinate: string };

/** Reads naddr1… and nevent1…; null for anything else. */
export function parseAddress(address: string): Address | null {
  if (address.length > 2000) return null;
  try {
    const { type, data } = decode(address);
    if (type === 'naddr' && isHex(data.pubkey)) {
      const { kind, pubkey, identifier: d } = data;
      return { kind, pubkey, d, coordinate: `${kind}:${pubkey}:${d}` };
    }
    if (type === 'nevent' && isHex(data.id)) return { id: data.id, coordinate: data.id };
  } catch {
    // Not an address: the answer below says so.
  }
  return null;
}

