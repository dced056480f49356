// Joining, entering, leaving. The secret key is made, sealed and opened in the worker; here are only its public half,
// the name, and what the node has to be told.
import { effect, signal, type Signal } from '@preact/signals';
import { kind, type EventTemplate, type Hex, type NostrEvent } from '../protocol/event';
import type { WordList } from '../protocol/keys';
import { normaliseName } from '../protocol/names';
import { authorize, behind, onUp, setMe, sign, the, whoAmI, maybeMe } from './core';
import { deletePersonDb, needStorage, openPersonDb } from './db';
import { language } from './i18n';
import { startInbox, stopInbox } from './inbox';
import { nodeNow, now } from './node';
import { askNode, clockSet } from './nodeinfo';
import { flushPending, publishSurely } from './pending';
import { isMember, ownProfile, person, roster } from './people';
import { startUploads, stopUploads } from './uploads';
import { codeOf, CodedError, type Role, type Session } from './types';

export const session: Signal<Session | null> = signal(null);
export const sessionLoad: Signal<'starting' | 'ready'> = signal('starting');
/** Whether this person has kept the recovery card: `done` after confirming words or skipping twice. */
export const cardState: Signal<'unseen' | 'seen' | 'done'> = signal('done');

const storageKey = 'madang.session';
const leastWords = 5;
const leastLetters = 20;
const skipsAllowed = 2;

/** What a reload finds. The ticket is there when the person does not stay (see protocol/worker/keyring.ts). */
interface Remembered {
  pubkey: Hex;
  name: string;
  ticket?: string;
}

interface Card {
  state: 'unseen' | 'seen' | 'done';
  skips: number;
}

let card: Card = { state: 'done', skips: 0 };
let endFollowing: (() => void)[] = [];
let channel: BroadcastChannel | null = null;

const wordList = (): WordList => (language.value === 'ko' ? 'ko' : 'en');

/** Six words, in Korean where the page is. */
export const generatePassphrase = (): Promise<string> => the().crypto.call('passphrase', wordList());

export async function checkInvite(code: string): Promise<{ role: Role; node: string }> {
  const { role, node: name } = await the().api.checkInvite(code);
  return { role: asRole(role), node: name };
}

/** Throws `passphrase-short` unless it has five words, or twenty letters. */
export function checkPassphrase(passphrase: string): void {
  const text = passphrase.normalize('NFKC').trim();
  const words = text.split(/\s+/u).filter((w) => w !== '');
  if (words.length < leastWords && Array.from(text).length < leastLetters) throw new CodedError('passphrase-short');
}

/** Makes a key, seals it, joins, and publishes who this is. */
export async function join(a: {
  code: string;
  name: string;
  passphrase: string;
  stay: boolean;
  onStage?: (stage: 'key' | 'seal' | 'send', progress: number) => void;
}): Promise<void> {
  await readyToEnter();
  const { crypto, api } = the();
  const name = normaliseName(a.name);
  checkPassphrase(a.passphrase);
  a.onStage?.('key', 0);
  await askNode(); // its clock dates the join request
  const pubkey = await crypto.call('generateKey', undefined);
  a.onStage?.('seal', 0);
  const vault = await crypto.call('seal', a.passphrase, { onProgress: (p) => a.onStage?.('seal', p) });
  a.onStage?.('send', 0);
  const tags = [['-'], ['claim', a.code]];
  const event = await sign({ kind: kind.joinRequest, created_at: nodeNow(), tags, content: '' });
  const { role, nip05 } = await api.join({ name, event, vault });
  await enter({ pubkey, name, role: asRole(role), stay: a.stay }, true);
  await setCard({ state: 'unseen', skips: 0 });
  const address = typeof nip05 === 'string' && nip05 !== '' ? `${nip05}@${new URL(the().origin).host}` : undefined;
  await publishProfile({ name, ...(address ? { nip05: address } : {}) });
  const relays = [['relay', the().relayUrl]];
  await publishSurely(await sign({ kind: kind.dmRelays, created_at: now(), tags: relays, content: '' }));
}

export async function login(a: {
  name: string;
  passphrase: string;
  stay: boolean;
  onProgress?: (done: number) => void;
}): Promise<void> {
  await readyToEnter();
  const { crypto, api } = the();
  const name = normaliseName(a.name);
  const params = await api.vaultParams(name);
  const { passphrase } = a;
  const auth = await crypto.call('prove', { passphrase, params }, { onProgress: a.onProgress });
  const { pubkey, sealed } = await api.openVault(name, auth);
  await needMember(pubkey); // the node gives a key back to whoever it belongs to, member or no longer
  await crypto.call('unseal', { pubkey, sealed });
  await enter({ pubkey, name, role: 'member', stay: a.stay }, true);
}

/** With the recovery card: 24 words, nsec1… or hex. */
export async function loginWithCard(a: { secret: string; stay: boolean }): Promise<void> {
  await readyToEnter();
  const { crypto } = the();
  const pubkey = await crypto.call('openCard', a.secret);
  try {
    await needMember(pubkey);
  } catch (error) {
    await crypto.call('drop', undefined);
    throw error;
  }
  await enter({ pubkey, name: person(pubkey).name, role: 'member', stay: a.stay }, true);
}

async function needMember(pubkey: Hex): Promise<void> {
  const { open } = await askNode();
  if (!open && !(await isMember(pubkey))) throw new CodedError('not-member');
}

/** The worker holds one key: whoever is here leaves before another enters. And an invite must not be used in vain. */
async function readyToEnter(): Promise<void> {
  if (session.value) throw new CodedError('already-member');
  await needStorage();
}

/** Leaves and wipes what this device keeps of the person, in every tab. */
export async function logout(): Promise<void> {
  channel?.postMessage('logout');
  const me = maybeMe();
  leave();
  forgetSession();
  me?.db.close();
  // Side by side: where one fails, or a worker that died never answers, the rest is wiped all the same.
  await Promise.all([
    me && deletePersonDb(me.pubkey),
    the().cache.wipe(),
    the().crypto.call('forget', undefined),
  ]);
}

/** What a person keeps on paper. Showing it counts as seen. */
export async function recoveryCard(): Promise<{ words: string[]; nsec: string; npub: string }> {
  const shown = await the().crypto.call('card', wordList());
  if (card.state === 'unseen') await setCard({ ...card, state: 'seen' });
  return shown;
}

/** Whether the words at these places (0 to 23) are right; then the card is done. */
export async function confirmCard(answers: { index: number; word: string }[]): Promise<boolean> {
  const right = await the().crypto.call('confirmCard', { list: wordList(), answers });
  if (right) setCardDone();
  return right;
}

export function setCardDone(): void {
  behind(setCard({ ...card, state: 'done' }));
}

/** The second time it is done with. */
export function skipCard(): void {
  const skips = card.skips + 1;
  behind(setCard({ state: skips >= skipsAllowed ? 'done' : 'seen', skips }));
}

export async function changePassphrase(newPassphrase: string, onProgress?: (done: number) => void): Promise<void> {
  checkPassphrase(newPassphrase);
  const vault = await the().crypto.call('seal', newPassphrase, { onProgress });
  const put = (body: object) => the().api.call({ method: 'PUT', path: '/api/vault', body, authorize });
  try {
    await put({ vault });
  } catch (error) {
    // Who never had a passphrase has no name to enter by yet.
    if (codeOf(error) !== 'name-invalid') throw error;
    await put({ name: session.value?.name ?? '', vault });
  }
}

export async function createInvite(role: Role): Promise<{ url: string; code: string; expires: number }> {
  const body = { role, uses: 1 };
  const { code, url, expires } = await the().api.call({ method: 'POST', path: '/api/invites', body, authorize });
  if (typeof code !== 'string' || typeof url !== 'string') throw new CodedError('bad-answer');
  return { code, url, expires: Number(expires) };
}

/** `picture` is the absolute URL that `uploadPicture` gave, or absent to leave it as it is. */
export async function saveProfile(p: { name: string; about: string; picture?: string }): Promise<void> {
  const { pubkey } = whoAmI();
  const before = person(pubkey);
  const picture = p.picture ?? (before.picture && the().origin + before.picture);
  const name = normaliseName(p.name);
  await publishProfile({
    name,
    about: p.about.trim(),
    ...(picture ? { picture } : {}),
    ...(before.nip05 ? { nip05: before.nip05 } : {}),
  });
}

async function publishProfile(fields: Record<string, string>): Promise<void> {
  const content = JSON.stringify(fields);
  const event = await sign({ kind: kind.profile, created_at: now(), tags: [], content });
  ownProfile(event);
  await publishSurely(event);
}

/** Goes on with the person this device or tab remembers. Never rejects. */
export async function restoreSession(): Promise<void> {
  channel ??= followOtherTabs();
  try {
    const found = recallSession();
    if (!found) return;
    const { pubkey, name, ticket } = found;
    const stay = ticket === undefined;
    if ((await the().crypto.call('restore', ticket ?? null)) === pubkey) {
      await enter({ pubkey, name, role: 'member', stay }, false);
    } else forgetSession();
  } catch {
    leave(); // this device's storage fails: the person logs in again
  } finally {
    sessionLoad.value = 'ready';
  }
}

async function enter(next: Session, fresh: boolean): Promise<void> {
  const { crypto, relay } = the();
  leave();
  if (fresh) rememberSession(next, await crypto.call('keep', { stay: next.stay }));
  const db = await openPersonDb(next.pubkey);
  setMe({ pubkey: next.pubkey, db });
  card = ((await db.get('meta', 'card')) as Card | undefined) ?? { state: 'done', skips: 0 };
  cardState.value = card.state;
  session.value = { ...next, role: roster.value?.get(next.pubkey) ?? next.role };
  relay.identify(prove);
  await startInbox();
  await startUploads();
  endFollowing = [
    onUp(() => behind(flushPending())),
    effect(() => {
      const role = roster.value?.get(next.pubkey);
      const { name } = person(next.pubkey);
      const current = session.peek();
      if (!current) return;
      const known = name.startsWith('npub1') ? current.name : name;
      if ((role && role !== current.role) || known !== current.name) {
        session.value = { ...current, role: role ?? current.role, name: known };
      }
    }),
  ];
  sessionLoad.value = 'ready';
}

/** Proves to the relay who asks, by the node's clock. */
async function prove(template: EventTemplate): Promise<NostrEvent> {
  await clockSet();
  return sign({ ...template, created_at: now() });
}

function leave(): void {
  for (const end of endFollowing) end();
  endFollowing = [];
  stopInbox();
  stopUploads();
  setMe(null);
  session.value = null;
  cardState.value = 'done';
  the().relay.identify(null);
}

async function setCard(next: Card): Promise<void> {
  card = next;
  cardState.value = next.state;
  await whoAmI().db.put('meta', next, 'card');
}

/** Another tab logged out: the person is gone from here too. */
function followOtherTabs(): BroadcastChannel | null {
  if (typeof BroadcastChannel === 'undefined') return null;
  const heard = new BroadcastChannel('madang-session');
  heard.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (data !== 'logout') return;
    maybeMe()?.db.close();
    leave();
    forgetSession();
    void the().crypto.call('drop', undefined);
  };
  return heard;
}

function rememberSession({ pubkey, name, stay }: Session, ticket: string | null): void {
  forgetSession();
  const kept: Remembered = { pubkey, name, ...(ticket === null ? {} : { ticket }) };
  try {
    (stay ? localStorage : sessionStorage).setItem(storageKey, JSON.stringify(kept));
  } catch {
    // Storage is refused: the session lasts until the page is left.
  }
}

function recallSession(): Remembered | null {
  try {
    const text = sessionStorage.getItem(storageKey) ?? localStorage.getItem(storageKey);
    return text === null ? null : (JSON.parse(text) as Remembered);
  } catch {
    return null;
  }
}

function forgetSession(): void {
  try {
    sessionStorage.removeItem(storageKey);
    localStorage.removeItem(storageKey);
  } catch {
    // Nothing could be kept, so there is nothing to forget.
  }
}

function asRole(role: unknown): Role {
  return role === 'editor' || role === 'operator' ? role : 'member';
}

