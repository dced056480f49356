// Bringing in gift wraps. Their times are random within two days (NIP-59), and a courier may bring old ones late, so
// "what is new" cannot be told by time alone: after each connect the last three days before the newest wrap seen are
// read again, and once a day all of it; what was dealt with is known by id and costs no decryption.
import type { Filter, NostrEvent, Rumor } from '../protocol/event';
import { kind } from '../protocol/event';
import type { PersonDb } from './db';
import type { Arrival, Messages } from './messages';
import type { Hex } from './types';

export interface InboxSyncConfig {
  db: PersonDb;
  me: Hex;
  messages: Messages;
  query(filter: Filter): Promise<NostrEvent[]>;
  unwrap(wraps: NostrEvent[]): Promise<(Rumor | null)[]>;
  /** Unix seconds. */
  now(): number;
  onChange(conversations: Iterable<string>): void;
}

const overlap = 3 * 24 * 60 * 60;
const wholeEvery = 24 * 60 * 60;
const pageLimit = 500;
const batch = 25;

/** How far this device has read, in the store `meta` under "inbox". */
interface Mark {
  /** created_at of the newest wrap seen, never in the future. */
  newest: number;
  /** When everything was last read through; absent until the first time has ended. */
  wholeAt?: number;
}

export class InboxSync {
  private mark: Mark = { newest: 0 };
  /** How far it had come before is known; `since` needs it. */
  readonly recalled: Promise<void>;
  private waiting: NostrEvent[] = [];
  private working: Promise<void> = Promise.resolve();
  private ended = false;

  constructor(private readonly config: InboxSyncConfig) {
    this.recalled = this.recall();
  }

  /** From where the live subscription begins. */
  since(): number {
    return this.whole() ? 0 : Math.max(0, this.mark.newest - overlap);
  }

  /** A wrap that has just come. */
  live(e: NostrEvent): void {
    this.waiting.push(e);
    if (this.waiting.length > 1) return; // the work that is queued takes it along
    this.working = this.working.then(async () => {
      const some = this.waiting;
      this.waiting = [];
      await this.recalled;
      await this.open(some, this.mark.wholeAt === undefined);
      await this.saw(some);
    });
    this.working.catch(() => {
      // What was not opened was not marked as seen: the next connect brings it again.
    });
  }

  /** `newest` is the latest page of what the relay had since `since()`; older ones are asked for until none is new. */
  async catchUp(newest: NostrEvent[]): Promise<void> {
    await this.recalled;
    const whole = this.whole();
    const since = this.since();
    const history = this.mark.wholeAt === undefined;
    const known = new Set<Hex>();
    let page = newest;
    let newestSeen: NostrEvent[] = [];
    while (!this.ended) {
      const fresh = page.filter((e) => !known.has(e.id));
      for (const e of fresh) known.add(e.id);
      if (fresh.length === 0) break;
      await this.open(fresh, history);
      if (newestSeen.length === 0) newestSeen = fresh;
      const oldest = fresh.reduce((at, e) => Math.min(at, e.created_at), Infinity);
      const filter = { kinds: [kind.wrap], '#p': [this.config.me], since, limit: pageLimit };
      page = await this.config.query({ ...filter, until: oldest });
      // A page full of one second that is known already: step over that second.
      if (page.length > 0 && page.every((e) => known.has(e.id))) {
        page = oldest > since ? await this.config.query({ ...filter, until: oldest - 1 }) : [];
      }
    }
    if (this.ended) return;
    if (whole) this.mark.wholeAt = this.config.now();
    await this.saw(newestSeen);
  }

  end(): void {
    this.ended = true;
  }

  private whole(): boolean {
    const { wholeAt } = this.mark;
    return wholeAt === undefined || Math.abs(this.config.now() - wholeAt) > wholeEvery;
  }

  private async recall(): Promise<void> {
    const kept = (await this.config.db.get('meta', 'inbox')) as Mark | undefined;
    if (kept) this.mark = kept;
  }

  private async saw(events: NostrEvent[]): Promise<void> {
    const now = this.config.now();
    for (const e of events) this.mark.newest = Math.max(this.mark.newest, Math.min(e.created_at, now));
    if (!this.ended) await this.config.db.put('meta', { ...this.mark }, 'inbox');
  }

  /** Opens what was not dealt with before, in small batches so that the first messages show early. */
  private async open(wraps: NostrEvent[], history: boolean): Promise<void> {
    const { messages, unwrap, now, onChange } = this.config;
    const unseen = await messages.unseen(wraps.map((e) => e.id));
    const fresh = wraps.filter((e) => e.kind === kind.wrap && unseen.has(e.id));
    for (let i = 0; i < fresh.length && !this.ended; i += batch) {
      const some = fresh.slice(i, i + batch);
      const rumors = await unwrap(some);
      if (this.ended) return;
      const arrivals: Arrival[] = some.map((e, j) => ({ wrap: e.id, rumor: rumors[j] ?? null }));
      const changed = await messages.arrive(arrivals, now(), history);
      if (changed.size > 0) onChange(changed);
    }
  }
}
