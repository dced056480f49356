// What every part of the state stands on: the node's address, the worker, the relay, this device's databases. One page
// has one of each; `setUp` makes them, and tests bring their own.
import { NodeApi } from '../protocol/api';
import { CodedError, refusalCode } from '../protocol/errors';
import type { EventTemplate, NostrEvent } from '../protocol/event';
import { Relay, type Socket } from '../protocol/relay';
import { startWorker, type Crypto } from '../protocol/worker/client';
import { PublicCache, type PersonDb } from './db';
import { nodeNow, now, online } from './node';
import type { Hex } from './types';

export interface Core {
  /** `http://host:port`, without a slash at the end. */
  origin: string;
  /** ws:// or wss:// of the same host. */
  relayUrl: string;
  api: NodeApi;
  relay: Relay;
  crypto: Crypto;
  cache: PublicCache;
}

/** Who is logged in, with all that is kept for them. */
export interface Me {
  pubkey: Hex;
  db: PersonDb;
}

let core: Core | null = null;
let me: Me | null = null;
const whenUp = new Set<() => void>();

export function the(): Core {
  if (!core) throw new CodedError('not-ready');
  return core;
}

export function whoAmI(): Me {
  if (!me) throw new CodedError('login-needed');
  return me;
}

export const maybeMe = (): Me | null => me;

export function setMe(next: Me | null): void {
  me = next;
}

/** Lets work go on behind. Its failure is of no account once the person it was for has left: their storage is gone. */
export function behind(work: Promise<unknown>): void {
  const then = me;
  work.catch((error: unknown) => {
    if (me === then) throw error;
  });
}

/** Runs `work` each time the line to the relay comes up, and now if it is up. */
export function onUp(work: () => void): () => void {
  whenUp.add(work);
  if (online.value) work();
  return () => whenUp.delete(work);
}

export function setUp(origin: string, parts: Partial<Core> = {}): Core {
  const relayUrl = `${origin.replace(/^http/, 'ws')}/`;
  const relay = new Relay({
    url: relayUrl,
    open: (url) => new WebSocket(url) as unknown as Socket,
    now,
    onState(up) {
      online.value = up;
      if (up) for (const work of [...whenUp]) work();
    },
  });
  const whole: Core = {
    origin,
    relayUrl,
    api: new NodeApi(origin),
    relay,
    crypto: parts.crypto ?? startWorker(),
    cache: new PublicCache(),
    ...parts,
  };
  core = whole;
  return whole;
}

export const sign = (template: EventTemplate): Promise<NostrEvent> => the().crypto.call('sign', template);

/** The Authorization header for a call of the API as the person in session. */
export const authorize = (url: string, method: string, body: string | undefined): Promise<string> =>
  the().crypto.call('httpToken', { url, method, now: nodeNow(), ...(body === undefined ? {} : { body }) });

/** Publishes and waits for OK. Rejects with `offline`, `timeout` or the refusal's code. */
export async function publish(event: NostrEvent): Promise<void> {
  const { ok, message } = await the().relay.publish(event);
  if (!ok) throw new CodedError(refusalCode(message), message);
}

/** Keeps only events whose id and signature hold, asking the worker in batches. */
export async function verified(events: NostrEvent[]): Promise<NostrEvent[]> {
  const kept: NostrEvent[] = [];
  const batch = 50;
  for (let i = 0; i < events.length; i += batch) {
    const some = events.slice(i, i + batch);
    const good = await the().crypto.call('verify', some);
    kept.push(...some.filter((_, j) => good[j]));
  }
  return kept;
}
