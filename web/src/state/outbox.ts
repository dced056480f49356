// Messages on their way. A message is sent when every wrap of it has the relay's OK; until then its wraps and their
// states are on disk, so that a reload, a lost line or a second tab loses and doubles nothing: the relay knows a wrap by
// its id, and the reader a message by its rumor's.
import type { NostrEvent } from '../protocol/event';
import type { Answer } from '../protocol/relay';
import { CodedError, codeOf, refusalCode } from '../protocol/errors';
import type { AddressedWrap } from '../protocol/wrap';
import type { OutboxEntry, PersonDb } from './db';
import type { Messages } from './messages';
import type { Hex } from './types';

export interface OutboxConfig {
  db: PersonDb;
  me: Hex;
  messages: Messages;
  publish(event: NostrEvent): Promise<Answer>;
  /** Wraps a rumor anew for these readers. */
  wrap(rumor: OutboxEntry['rumor'], readers: Hex[]): Promise<AddressedWrap[]>;
  /** Unix seconds. */
  now(): number;
  /** A message of this conversation changed its state. */
  onChange(conversation: string): void;
  /** Calls back later; the entries that could not be sent for now are tried again. */
  later(run: () => void, milliseconds: number): void;
}

/** Readers look three days back from what they saw last; a wrap that waited longer than this is made anew. */
const freshFor = 24 * 60 * 60;
const firstWait = 2_000;
const longestWait = 60_000;

type Outcome = 'sent' | 'waiting' | { failed: string };

export class Outbox {
  private flushing: Promise<void> | null = null;
  private again = false;
  private attempts = 0;
  private ended = false;

  constructor(private readonly config: OutboxConfig) {}

  /** Takes a message in; it is sent as soon as it can be. */
  async add(entry: OutboxEntry): Promise<void> {
    await this.config.messages.depart(entry, this.config.now());
    this.config.onChange(entry.conversation);
    void this.flush();
  }

  /** Sends what waits. Call when the line comes up; calls while it works are run after it. */
  flush(): Promise<void> {
    if (this.ended) return Promise.resolve();
    this.again = true;
    this.flushing ??= this.run()
      .catch((error: unknown) => {
        if (!this.ended) throw error; // else its storage is gone
      })
      .finally(() => (this.flushing = null));
    return this.flushing;
  }

  /** Tries a failed message again: only the wraps that are missing. */
  async resend(id: Hex): Promise<void> {
    const { db, messages, onChange } = this.config;
    const tx = db.transaction('outbox', 'readwrite');
    const entry = await tx.store.get(id);
    if (entry) await tx.store.put({ ...entry, failed: undefined });
    await tx.done;
    if (!entry) return;
    await messages.setState(id, 'sending');
    onChange(entry.conversation);
    void this.flush();
  }

  /** Forgets a message of one's own that was not sent. What some readers already have stays with them. */
  async discard(id: Hex): Promise<void> {
    const { db, messages, onChange } = this.config;
    const entry = await db.get('outbox', id);
    if (!entry) return;
    await db.delete('outbox', id);
    await messages.remove(id);
    onChange(entry.conversation);
  }

  end(): void {
    this.ended = true;
  }

  private async run(): Promise<void> {
    let waiting = false;
    while (this.again && !this.ended) {
      this.again = false;
      waiting = false;
      const entries = (await this.config.db.getAll('outbox')).filter((e) => e.failed === undefined);
      entries.sort((a, b) => a.rumor.created_at - b.rumor.created_at);
      for (const entry of entries) {
        if (this.ended) return;
        const outcome = await this.sendEntry(entry);
        if (outcome === 'waiting') waiting = true;
        else await this.finish(entry, outcome);
      }
    }
    if (!waiting) {
      this.attempts = 0;
      return;
    }
    const wait = Math.min(longestWait, firstWait * 2 ** this.attempts);
    this.attempts += 1;
    this.config.later(() => void this.flush(), wait);
  }

  /** Others first and oneself last, so that one's other devices show only what has gone out to all. */
  private async sendEntry(stored: OutboxEntry): Promise<Outcome> {
    const entry = await this.freshen(stored);
    const missing = entry.wraps.filter((w) => !w.done);
    const others = missing.filter((w) => w.to !== this.config.me);
    const own = missing.filter((w) => w.to === this.config.me);
    const first = combine(await Promise.all(others.map((w) => this.sendWrap(entry.id, w.event))));
    if (first !== 'sent') return first;
    return combine(await Promise.all(own.map((w) => this.sendWrap(entry.id, w.event))));
  }

  private async sendWrap(id: Hex, event: NostrEvent): Promise<Outcome> {
    let answer: Answer;
    try {
      answer = await this.config.publish(event);
    } catch (error) {
      if (error instanceof CodedError) return 'waiting'; // offline or no answer in time
      return { failed: codeOf(error) };
    }
    if (answer.ok || answer.message.startsWith('duplicate:')) {
      await this.markDone(id, event.id);
      return 'sent';
    }
    return refusal(answer.message);
  }

  /** One wrap in one transaction: another tab may be marking the next. */
  private async markDone(id: Hex, wrap: Hex): Promise<void> {
    const tx = this.config.db.transaction('outbox', 'readwrite');
    const entry = await tx.store.get(id);
    if (entry) {
      const wraps = entry.wraps.map((w) => (w.event.id === wrap ? { ...w, done: true } : w));
      await tx.store.put({ ...entry, wraps });
    }
    await tx.done;
  }

  private async finish(entry: OutboxEntry, outcome: 'sent' | { failed: string }): Promise<void> {
    const { db, messages, onChange } = this.config;
    if (outcome === 'sent') {
      await db.delete('outbox', entry.id);
      await messages.setState(entry.id, 'sent');
    } else {
      const tx = db.transaction('outbox', 'readwrite');
      const current = await tx.store.get(entry.id);
      if (current) await tx.store.put({ ...current, failed: outcome.failed });
      await tx.done;
      if (current) await messages.setState(entry.id, 'failed', outcome.failed);
    }
    onChange(entry.conversation);
  }

  private async freshen(entry: OutboxEntry): Promise<OutboxEntry> {
    const { db, now, wrap } = this.config;
    const missing = entry.wraps.filter((w) => !w.done).map((w) => w.to);
    if (now() - entry.wrappedAt < freshFor || missing.length === 0) return entry;
    const made = await wrap(entry.rumor, missing);
    const wraps = entry.wraps.map((w) => {
      const event = made.find((m) => m.to === w.to)?.event;
      return w.done || !event ? w : { ...w, event };
    });
    const next = { ...entry, wraps, wrappedAt: now() };
    await db.put('outbox', next);
    return next;
  }
}

/** A refusal wins over waiting: it is what the person has to hear. */
function combine(outcomes: Outcome[]): Outcome {
  return outcomes.find((o) => typeof o === 'object') ?? outcomes.find((o) => o === 'waiting') ?? 'sent';
}

/** What the relay's word means for a wrap: some refusals are final, others pass. */
function refusal(message: string): Outcome {
  switch (message.split(':', 1)[0]) {
    case 'rate-limited':
    case 'error': // the node's trouble, a full disk: it may end
      return 'waiting';
    default:
      return { failed: refusalCode(message) };
  }
}
