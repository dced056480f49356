// Events, filters and their shapes (NIP-01). A guard here bounds whatever comes from a relay before anything else
// touches it; signatures are checked in the worker (verify.ts).

export type Hex = string;

export interface EventTemplate {
  kind: number;
  created_at: number;
  tags: string[][];
  content: string;
}

export interface NostrEvent extends EventTemplate {
  id: Hex;
  pubkey: Hex;
  sig: Hex;
}

/** An unsigned event with an id: what a seal carries (NIP-59). */
export interface Rumor extends EventTemplate {
  id: Hex;
  pubkey: Hex;
}

export interface Filter {
  ids?: Hex[];
  authors?: Hex[];
  kinds?: number[];
  since?: number;
  until?: number;
  limit?: number;
  [tag: `#${string}`]: string[] | undefined;
}

export const kind = {
  profile: 0,
  deletion: 5,
  seal: 13,
  chat: 14,
  wrap: 1059,
  dmRelays: 10050,
  roster: 13534,
  relayAuth: 22242,
  blossomAuth: 24242,
  httpAuth: 27235,
  joinRequest: 28934,
  followSet: 30000,
  article: 30023,
  video: 21,
  shortVideo: 22,
  addressableVideo: 34235,
  addressableShortVideo: 34236,
} as const;

export const articleKinds: number[] = [kind.article];
export const videoKinds: number[] = [kind.video, kind.shortVideo, kind.addressableVideo, kind.addressableShortVideo];

/** The node refuses larger events; its own roster may grow to 4 MiB. Counted in UTF-16 units, which is never more. */
export const maxFrame = 5 * 1024 * 1024;
const maxTags = 100_000;

const hex64 = /^[0-9a-f]{64}$/;
const hex128 = /^[0-9a-f]{128}$/;

export const isHex = (value: unknown): value is Hex => typeof value === 'string' && hex64.test(value);

const isWhole = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;

function hasTemplateShape(e: Record<string, unknown>): boolean {
  return (
    isWhole(e.kind, 65535) &&
    isWhole(e.created_at, 0xffff_ffff) &&
    typeof e.content === 'string' &&
    Array.isArray(e.tags) &&
    e.tags.length <= maxTags &&
    e.tags.every((tag) => Array.isArray(tag) && tag.length > 0 && tag.every((item) => typeof item === 'string'))
  );
}

/** Whether a parsed JSON value has the shape of a rumor. Says nothing of its id. */
export function isRumor(value: unknown): value is Rumor {
  if (typeof value !== 'object' || value === null) return false;
  const e = value as Record<string, unknown>;
  return isHex(e.id) && isHex(e.pubkey) && hasTemplateShape(e);
}

/** Whether a parsed JSON value has the shape of a signed event. Says nothing of its id or signature. */
export function isEvent(value: unknown): value is NostrEvent {
  return isRumor(value) && hex128.test(String((value as { sig?: unknown }).sig));
}

/** The first value of the first tag of that name. */
export function tagValue(e: EventTemplate, name: string): string | undefined {
  return e.tags.find((tag) => tag[0] === name)?.[1];
}

/** The first values of all tags of that name. */
export function tagValues(e: EventTemplate, name: string): string[] {
  return e.tags.filter((tag) => tag[0] === name && tag[1] !== undefined).map((tag) => tag[1] as string);
}

export const isAddressable = (k: number): boolean => k >= 30000 && k < 40000;

/** `kind:pubkey:d` of an addressable event, else its id: what a newer event of the same key replaces. */
export function coordinate(e: NostrEvent): string {
  return isAddressable(e.kind) ? `${e.kind}:${e.pubkey}:${tagValue(e, 'd') ?? ''}` : e.id;
}

/** NIP-01: the later one stands, of two of the same second the one with the lower id. */
export function replaces(a: { created_at: number; id: Hex }, b: { created_at: number; id: Hex }): boolean {
  return a.created_at > b.created_at || (a.created_at === b.created_at && a.id < b.id);
}
