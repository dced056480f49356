// The directory: roster and feeds as the node signs them, profiles as people do.
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { kind, replaces, type NostrEvent } from '../protocol/event';
import { npub } from '../protocol/nip19';
import { authorize, the, verified } from './core';
import { matchesName } from './namesearch';
import { node, online } from './node';
import { parseFeeds, parseProfile, parseRoster, type Profile } from './roster';
import { CodedError, type Hex, type Load, type Person, type Role } from './types';

const authorsAtOnce = 200;
const maxKept = 2000;
const collectTime = 50;

/** Null until the node's roster is there. */
export const roster: Signal<Map<Hex, Role> | null> = signal(null);
const feeds: Signal<Set<Hex>> = signal(new Set<Hex>());
const profiles: Signal<ReadonlyMap<Hex, Profile>> = signal(new Map<Hex, Profile>());
export const peopleLoad: Signal<Load> = signal('loading');

/** Latest verified event of each kind of thing, to replace by newer ones only and to remember. */
const newest = new Map<string, NostrEvent>();
const asked = new Set<Hex>();
const wanted = new Set<Hex>();
let collecting = false;
let following = false;
const npubs = new Map<Hex, string>();

/** Everyone on the roster, by name. */
export const people: ReadonlySignal<Person[]> = computed(() => {
  const members = [...(roster.value?.keys() ?? [])].map(person);
  return members.sort((a, b) => a.name.localeCompare(b.name) || (a.pubkey < b.pubkey ? -1 : 1));
});

/** Never fails: a short npub stands for the name until the profile is there. Read in a component, it follows changes. */
export function person(pubkey: Hex): Person {
  const profile = profiles.value.get(pubkey);
  if (!profile) want(pubkey);
  const address = npubOf(pubkey);
  return {
    pubkey,
    name: profile?.name ?? `${address.slice(0, 9)}…${address.slice(-4)}`,
    about: profile?.about,
    picture: profile?.picture,
    nip05: profile?.nip05,
    role: roster.value?.get(pubkey),
    npub: address,
  };
}

/** By part of a name, case and width folded, Korean initial consonants too. Those whose name begins so come first. */
export function findPeople(query: string): Person[] {
  const found = people.value.filter((p) => matchesName(p.name, query));
  const begins = (p: Person) => matchesName(p.name.slice(0, query.trim().length), query);
  return [...found.filter(begins), ...found.filter((p) => !begins(p))];
}

/** Whose articles and videos are shown; null while it is not known, and when everyone's are. */
export const publishers: ReadonlySignal<Set<Hex> | null> = computed(() => {
  const members = roster.value;
  const itself = node.value;
  if (!members || !itself || itself.open) return null;
  const editors = [...members].filter(([, role]) => role !== 'member').map(([pubkey]) => pubkey);
  return new Set([itself.pubkey, ...editors, ...feeds.value]);
});

/** Loads what is remembered and follows the node. */
export async function startPeople(): Promise<void> {
  for (const key of ['roster', 'profiles']) take(await the().cache.events(key), false);
  if (roster.value) peopleLoad.value = 'ready';
  online.subscribe((up) => {
    if (!up && peopleLoad.value === 'loading') peopleLoad.value = 'offline';
  });
  node.subscribe(follow);
}

/** Whether the roster lists someone; before it says no, it asks the node. Rejects when no roster is there or comes. */
export async function isMember(pubkey: Hex): Promise<boolean> {
  if (!roster.value?.has(pubkey)) await askRoster();
  if (!roster.value) throw new CodedError(node.value ? 'not-found' : 'offline');
  return roster.value.has(pubkey);
}

/** For operators. It is in the roster when this resolves, unless the line broke: then when it is back. */
export async function setRole(pubkey: Hex, role: Role): Promise<void> {
  await the().api.call({ method: 'PUT', path: `/api/members/${pubkey}`, body: { role }, authorize });
  await askRoster().catch(() => undefined);
}

/** For operators; as `setRole`. */
export async function removeMember(pubkey: Hex): Promise<void> {
  await the().api.call({ method: 'DELETE', path: `/api/members/${pubkey}`, authorize });
  await askRoster().catch(() => undefined);
}

async function askRoster(): Promise<void> {
  const itself = node.value;
  if (!itself) return;
  take(await verified(await the().relay.query([{ kinds: [kind.roster], authors: [itself.pubkey], limit: 1 }])));
}

/** Shows a profile at once that was just published from here. */
export function ownProfile(e: NostrEvent): void {
  take([e]);
}

function follow(): void {
  const itself = node.value;
  if (!itself?.pubkey || following) return;
  following = true;
  const incoming = collector();
  const failed = () => {
    if (peopleLoad.value !== 'ready') peopleLoad.value = 'failed';
  };
  the().relay.subscribe(
    () => [
      { kinds: [kind.roster], authors: [itself.pubkey] },
      { kinds: [kind.followSet], authors: [itself.pubkey], '#d': ['feeds'] },
    ],
    {
      event: incoming.add,
      eose: () =>
        void incoming.flush().then(() => {
          peopleLoad.value = 'ready';
          askAll();
        }),
      closed: failed,
    },
  );
  // New and changed profiles, as they come.
  the().relay.subscribe(() => [{ kinds: [kind.profile], limit: 1 }], { event: incoming.add });
}

/** After each connect, all profiles are asked for again: they may have changed meanwhile. */
function askAll(): void {
  asked.clear();
  for (const pubkey of [...(roster.value?.keys() ?? []), ...profiles.value.keys()]) want(pubkey);
}

function want(pubkey: Hex): void {
  if (asked.has(pubkey)) return;
  wanted.add(pubkey);
  if (collecting) return;
  collecting = true;
  setTimeout(() => {
    collecting = false;
    void askProfiles();
  }, collectTime);
}

async function askProfiles(): Promise<void> {
  if (!online.value) return; // askAll and the next look ask again
  const authors = [...wanted].slice(0, authorsAtOnce);
  for (const pubkey of authors) {
    wanted.delete(pubkey);
    asked.add(pubkey);
  }
  if (authors.length === 0) return;
  try {
    take(await verified(await the().relay.query([{ kinds: [kind.profile], authors }])));
  } catch {
    for (const pubkey of authors) asked.delete(pubkey);
    return;
  }
  if (wanted.size > 0) await askProfiles();
}

/** Gathers events that come in one burst, so that they are verified in batches. */
function collector(): { add(e: NostrEvent): void; flush(): Promise<void> } {
  let waiting: NostrEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = async () => {
    clearTimeout(timer);
    timer = undefined;
    const some = waiting;
    waiting = [];
    if (some.length > 0) take(await verified(some));
  };
  return {
    flush,
    add(e) {
      waiting.push(e);
      timer ??= setTimeout(() => void flush(), collectTime);
    },
  };
}

/** Takes in verified events, newer over older. */
function take(events: NostrEvent[], remember = true): void {
  const fresh = events.filter((e) => {
    const key = `${e.kind}:${e.pubkey}`;
    const before = newest.get(key);
    if (before && !replaces(e, before)) return false;
    newest.set(key, e);
    return true;
  });
  const itself = node.value?.pubkey;
  const changed = new Map(profiles.value);
  for (const e of fresh) {
    if (e.kind === kind.profile) changed.set(e.pubkey, parseProfile(e));
    else if (e.pubkey !== itself) continue;
    else if (e.kind === kind.roster) roster.value = parseRoster(e);
    else if (e.kind === kind.followSet) feeds.value = parseFeeds(e);
  }
  if (fresh.some((e) => e.kind === kind.profile)) profiles.value = changed;
  if (remember && fresh.length > 0) void store();
}

async function store(): Promise<void> {
  const all = [...newest.values()];
  await the().cache.put('roster', all.filter((e) => e.kind !== kind.profile));
  await the().cache.put('profiles', all.filter((e) => e.kind === kind.profile).slice(-maxKept));
}

function npubOf(pubkey: Hex): string {
  let text = npubs.get(pubkey);
  if (text === undefined) {
    text = npub(pubkey);
    npubs.set(pubkey, text);
  }
  return text;
}
