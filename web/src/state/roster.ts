// Who is who on this node: roster and feeds as the node signs them (NIP-43, NIP-51), profiles as people do (NIP-01).
import { localBlobUrl } from '../protocol/bloburl';
import { isHex, kind, tagValue, tagValues, type Hex, type NostrEvent } from '../protocol/event';
import type { Role } from './types';

const rank: Record<Role, number> = { member: 0, editor: 1, operator: 2 };
const maxName = 40;
const maxAbout = 2000;

/** Members and their highest role, from kind 13534. */
export function parseRoster(e: NostrEvent): Map<Hex, Role> {
  const members = new Map<Hex, Role>();
  if (e.kind !== kind.roster) return members;
  for (const [name, pubkey, ...roles] of e.tags) {
    if (name !== 'member' || !isHex(pubkey)) continue;
    let best: Role = 'member';
    for (const role of roles) {
      if ((role === 'editor' || role === 'operator') && rank[role] > rank[best]) best = role;
    }
    members.set(pubkey, best);
  }
  return members;
}

/** The keys of the node's feeds, from its follow set with d=feeds. */
export function parseFeeds(e: NostrEvent): Set<Hex> {
  if (e.kind !== kind.followSet || tagValue(e, 'd') !== 'feeds') return new Set();
  return new Set(tagValues(e, 'p').filter(isHex));
}

export interface Profile {
  name?: string;
  about?: string;
  picture?: string;
  nip05?: string;
  /** Unix seconds of the event it is from. */
  at: number;
}

/** A name in one line that garbles nothing beside it: no controls, nothing that turns the direction, and to be seen. */
function nameLine(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const line = value.replace(/\s+/gu, ' ').replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069\ufffd]/gu, '');
  return line.replace(/\p{Default_Ignorable_Code_Point}/gu, '').trim() === '' ? undefined : line;
}

/** A profile, from kind 0; what it does not hold in the right shape is left out. */
export function parseProfile(e: NostrEvent): Profile {
  let content: unknown;
  try {
    content = JSON.parse(e.content);
  } catch {
    content = null;
  }
  const fields = (typeof content === 'object' && content !== null ? content : {}) as Record<string, unknown>;
  const text = (value: unknown, max: number): string | undefined => {
    if (typeof value !== 'string') return undefined;
    return Array.from(value.trim()).slice(0, max).join('') || undefined;
  };
  const picture = typeof fields.picture === 'string' ? localBlobUrl(fields.picture) : undefined;
  return {
    name: text(nameLine(fields.display_name), maxName) ?? text(nameLine(fields.name), maxName),
    about: text(fields.about, maxAbout),
    picture,
    nip05: text(fields.nip05, 200),
    at: e.created_at,
  };
}
