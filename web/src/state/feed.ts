// A list of public events, latest first: what articles and videos have in common. It starts from what this device
// remembers, follows the node, loads older pages, replaces by address and forgets what its author deleted (NIP-09).
import { computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import { coordinate, kind, replaces, tagValues, type Filter, type Hex, type NostrEvent } from '../protocol/event';
import { parseAddress } from '../protocol/nip19';
import type { Load } from './types';

export interface FeedConfig<T> {
  /** Name in the cache. */
  name: string;
  kinds: number[];
  parse(e: NostrEvent): T | null;
  /** Unix seconds, for the order. */
  time(item: T): number;
  address(item: T): string;
  query(filters: Filter[]): Promise<NostrEvent[]>;
  subscribe(
    filters: () => Filter[],
    handlers: { event(e: NostrEvent): void; eose(): void; closed(): void },
  ): () => void;
  verify(events: NostrEvent[]): Promise<NostrEvent[]>;
  /** Who may be shown; null: everyone. */
  publishers: ReadonlySignal<Set<Hex> | null>;
  online: ReadonlySignal<boolean>;
  recall(name: string): Promise<NostrEvent[]>;
  remember(name: string, events: NostrEvent[]): Promise<void>;
}

interface Entry<T> {
  event: NostrEvent;
  item: T;
}

const pageSize = 30;
const remembered = 30;
const gatherTime = 50;
const maxWaiting = 1000;

export class Feed<T> {
  readonly load: Signal<Load> = signal('loading');
  readonly more: Signal<boolean> = signal(false);
  /** Latest first, only by those who may publish here. */
  readonly items: ReadonlySignal<T[]>;

  private readonly entries: Signal<ReadonlyMap<string, Entry<T>>> = signal(new Map());
  /** Coordinates and ids that their authors deleted, with the time of the deletion. */
  private readonly deleted = new Map<string, number>();
  /** Items found by address that are not part of the list's pages. */
  private readonly single = new Map<string, Signal<T | null | undefined>>();
  private readonly apart = new Set<string>();
  private oldest = Infinity;
  private waiting: NostrEvent[] = [];
  private gathering = false;
  private loadingMore: Promise<void> | null = null;

  constructor(private readonly config: FeedConfig<T>) {
    this.items = computed(() => {
      const allowed = config.publishers.value;
      return [...this.entries.value]
        .filter(([key, { event }]) => !this.apart.has(key) && (!allowed || allowed.has(event.pubkey)))
        .map(([, { item }]) => item)
        .sort((a, b) => config.time(b) - config.time(a) || (config.address(a) < config.address(b) ? -1 : 1));
    });
  }

  /** Shows what is remembered, then follows the node. */
  async start(): Promise<void> {
    const { config } = this;
    this.take(await config.recall(config.name));
    if (this.entries.value.size > 0) this.load.value = 'ready';
    effect(() => {
      if (!config.online.value && this.load.peek() === 'loading') this.load.value = 'offline';
    });
    let first: NostrEvent[] | null = [];
    config.subscribe(
      () => {
        first = [];
        return [
          { kinds: config.kinds, limit: pageSize },
          { kinds: [kind.deletion], '#k': config.kinds.map(String), limit: pageSize },
        ];
      },
      {
        event: (e) => (first ? first.push(e) : this.gather(e)),
        eose: () => {
          const page = first ?? [];
          first = null;
          void this.firstPage(page);
        },
        closed: () => {
          if (this.load.value !== 'ready') this.load.value = 'failed';
        },
      },
    );
  }

  /** Loads a page of older ones. Rejects with `offline` and the like. */
  loadMore(): Promise<void> {
    this.loadingMore ??= this.olderPage().finally(() => (this.loadingMore = null));
    return this.loadingMore;
  }

  /** One item: undefined while it is looked for, null when there is none. */
  one(address: string): ReadonlySignal<T | null | undefined> {
    let found = this.single.get(address);
    if (!found) {
      found = signal<T | null | undefined>(undefined);
      this.single.set(address, found);
      this.look(address, found);
    }
    return found;
  }

  /** Shows an event that was just published from here. */
  published(e: NostrEvent): void {
    if (e.kind === kind.deletion) this.forget(e);
    else this.take([e]);
    void this.remember();
  }

  /** The event at `kind:pubkey:d`, or with this id, if it is here. */
  eventAt(coordinate: string): NostrEvent | undefined {
    return this.entries.peek().get(coordinate)?.event;
  }

  private look(address: string, into: Signal<T | null | undefined>): void {
    const parsed = parseAddress(address);
    if (!parsed) {
      into.value = null;
      return;
    }
    // Follows replacement and deletion for as long as the page lives; pages of one item are few.
    effect(() => {
      const entry = this.entries.value.get(parsed.coordinate);
      if (entry) into.value = entry.item;
      else if (into.peek() !== undefined) into.value = null;
    });
    effect(() => {
      if (!this.config.online.value || into.peek() !== undefined) return;
      const filter: Filter =
        'id' in parsed
          ? { ids: [parsed.id], kinds: this.config.kinds }
          : { kinds: [parsed.kind], authors: [parsed.pubkey], '#d': [parsed.d] };
      void this.config
        .query([filter])
        .then((events) => this.config.verify(events))
        .then(
          (events) => {
            // Reached by its address, it must not make a hole look like the end of a page.
            for (const e of events) if (!this.entries.value.has(coordinate(e))) this.apart.add(coordinate(e));
            this.take(events, false);
            if (into.value === undefined) into.value = null;
          },
          () => {
            // The line was lost: the next time it is up, this runs again.
          },
        );
    });
  }

  private async firstPage(page: NostrEvent[]): Promise<void> {
    const found = page.filter((e) => e.kind !== kind.deletion);
    const full = found.length >= pageSize;
    const meets = found.some((e) => this.entries.value.has(coordinate(e)));
    const gone = this.missingFrom(found, full);
    this.take(await this.config.verify(page));
    this.remove((key) => gone.has(key));
    // The first time, or after so long that what is new does not meet what is known: paging begins here.
    if (this.oldest === Infinity || (full && !meets)) {
      this.oldest = Infinity;
      this.reach(found);
      this.more.value = full;
    }
    this.load.value = 'ready';
    void this.remember();
  }

  /** What is here but not in a page that should hold it: deleted while this device did not look. */
  private missingFrom(page: NostrEvent[], full: boolean): Set<string> {
    const there = new Set(page.map(coordinate));
    const from = full ? Math.min(...page.map((e) => e.created_at)) : -1;
    const here = [...this.entries.value].filter(([key, { event }]) => !there.has(key) && event.created_at > from);
    return new Set(here.map(([key]) => key));
  }

  private remove(which: (key: string, event: NostrEvent) => boolean): void {
    const next = new Map([...this.entries.value].filter(([key, { event }]) => !which(key, event)));
    if (next.size !== this.entries.value.size) this.entries.value = next;
  }

  private async olderPage(): Promise<void> {
    if (!this.more.value) return;
    const filter = { kinds: this.config.kinds, limit: pageSize };
    let page = await this.config.query([{ ...filter, until: this.oldest }]);
    const known = (e: NostrEvent) => this.entries.value.has(coordinate(e)) && !this.apart.has(coordinate(e));
    // A page full of one second that is known already: step over that second.
    if (page.length > 0 && page.every(known)) page = await this.config.query([{ ...filter, until: this.oldest - 1 }]);
    this.take(await this.config.verify(page));
    this.reach(page);
    this.more.value = page.length >= pageSize;
  }

  /** The list is whole down to the oldest of these. */
  private reach(page: NostrEvent[]): void {
    for (const e of page) this.oldest = Math.min(this.oldest, e.created_at);
  }

  private gather(e: NostrEvent): void {
    if (this.waiting.length < maxWaiting) this.waiting.push(e);
    if (this.gathering) return;
    this.gathering = true;
    setTimeout(() => {
      const some = this.waiting;
      this.waiting = [];
      this.gathering = false;
      void this.config.verify(some).then((good) => {
        this.take(good);
        void this.remember();
      });
    }, gatherTime);
  }

  /** Takes in verified events; `listed` when they are part of the list's pages. */
  private take(events: NostrEvent[], listed = true): void {
    for (const e of events) if (e.kind === kind.deletion) this.forget(e);
    const next = new Map(this.entries.value);
    for (const e of events) {
      if (!this.config.kinds.includes(e.kind)) continue;
      const key = coordinate(e);
      if (listed) this.apart.delete(key);
      const before = next.get(key);
      if (before && !replaces(e, before.event)) continue;
      if (this.isDeleted(e)) continue;
      const item = this.config.parse(e);
      if (item) next.set(key, { event: e, item });
    }
    this.entries.value = next;
  }

  /** By address up to the deletion's time, by id for good (NIP-09); only its own author's word counts. */
  private isDeleted(e: NostrEvent): boolean {
    const upTo = this.deleted.get(`${e.pubkey}:${coordinate(e)}`) ?? -1;
    return upTo >= e.created_at || this.deleted.has(`${e.pubkey}:${e.id}`);
  }

  private forget(e: NostrEvent): void {
    for (const key of [...tagValues(e, 'a'), ...tagValues(e, 'e')]) {
      const name = `${e.pubkey}:${key}`;
      this.deleted.set(name, Math.max(e.created_at, this.deleted.get(name) ?? 0));
    }
    this.remove((_key, event) => this.isDeleted(event));
  }

  private async remember(): Promise<void> {
    const latest = [...this.entries.value]
      .filter(([key]) => !this.apart.has(key))
      .sort(([, a], [, b]) => this.config.time(b.item) - this.config.time(a.item))
      .slice(0, remembered);
    await this.config.remember(this.config.name, latest.map(([, { event }]) => event));
  }
}
