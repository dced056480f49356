// Public events of one's own that must reach the node some time: kept until it has said OK.
import type { NostrEvent } from '../protocol/event';
import { behind, the, whoAmI } from './core';
import type { PersonDb } from './db';

const key = 'pending';
const most = 50;

/** Keeps a signed event until it is published, and tries at once. Resolves when it is kept. */
export async function publishSurely(event: NostrEvent): Promise<void> {
  await change(whoAmI().db, (waiting) => [...waiting.filter((e) => e.id !== event.id), event].slice(-most));
  behind(flushPending());
}

/** Publishes what waits; what is refused is dropped, as trying again would not change it. */
export async function flushPending(): Promise<void> {
  const { db } = whoAmI();
  for (const event of ((await db.get('meta', key)) as NostrEvent[] | undefined) ?? []) {
    try {
      await the().relay.publish(event);
    } catch {
      return; // no line: the next connect tries again
    }
    await change(db, (waiting) => waiting.filter((e) => e.id !== event.id));
  }
}

async function change(db: PersonDb, how: (waiting: NostrEvent[]) => NostrEvent[]): Promise<void> {
  const tx = db.transaction('meta', 'readwrite');
  await tx.store.put(how(((await tx.store.get(key)) as NostrEvent[] | undefined) ?? []), key);
  await tx.done;
}
