// A feed on the node in hand: the plumbing that news and videos share.
import { kind, tagValue, type NostrEvent } from '../protocol/event';
import { parseAddress } from '../protocol/nip19';
import { publish, sign, the, verified, whoAmI } from './core';
import { Feed } from './feed';
import { now, online } from './node';
import { publishers } from './people';
import { CodedError } from './types';

export function publicFeed<T>(a: {
  name: string;
  kinds: number[];
  parse(e: NostrEvent): T | null;
  time(item: T): number;
  address(item: T): string;
}): Feed<T> {
  return new Feed<T>({
    ...a,
    query: (filters) => the().relay.query(filters),
    subscribe: (filters, handlers) => the().relay.subscribe(filters, handlers),
    verify: verified,
    publishers,
    online,
    recall: (name) => the().cache.events(name),
    remember: (name, events) => the().cache.put(name, events),
  });
}

/** Asks that an event of one's own be deleted (NIP-09). */
export async function deletePublished<T>(feed: Feed<T>, address: string): Promise<void> {
  const parsed = parseAddress(address);
  if (!parsed) throw new CodedError('not-found');
  const target = feed.eventAt(parsed.coordinate);
  if (!target || target.pubkey !== whoAmI().pubkey) throw new CodedError('not-allowed');
  const tags = [['e', target.id], ['k', String(target.kind)]];
  if (tagValue(target, 'd') !== undefined && 'd' in parsed) tags.push(['a', parsed.coordinate]);
  const created_at = Math.max(now(), target.created_at);
  const event = await sign({ kind: kind.deletion, created_at, tags, content: '' });
  await publish(event);
  feed.published(event);
}

/** A new value for a `d` tag: 96 random bits in hex. */
export function newIdentifier(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, '0')).join('');
}
