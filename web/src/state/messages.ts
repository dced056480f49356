// Messages on this device: the only writer of the stores `messages`, `conversations` and `wraps`. Each change is one
// transaction, so that two tabs, or a tab that dies, leave them whole. IndexedDB is the truth; signals show it.
import { kind, tagValue, tagValues, isHex, type Rumor } from '../protocol/event';
import type { OutboxEntry, PersonDb, PersonTx, StoredConversation, StoredMessage } from './db';
import type { Conversation, Hex, Message, SendState } from './types';

/** More people than this make no conversation; wraps are made for each. */
export const maxPeople = 50;
const maxText = 64 * 1024;
const clockSlack = 60; // seconds
const furthestAhead = 30;

/** The id of the conversation with these people; with nobody else it is one's own notes. */
export function conversationId(people: readonly Hex[], me: Hex): string {
  const others = [...new Set(people)].filter((p) => p !== me).sort();
  return others.length > 0 ? others.join(',') : me;
}

/** The others in a conversation. */
export function peopleOf(conversation: string, me: Hex): Hex[] {
  return conversation.split(',').filter((p) => p !== me && isHex(p));
}

/** What a rumor means to `me`; null when it is no message that can be shown (NIP-17). */
export function messageOf(rumor: Rumor, me: Hex, now: number): { message: Message; subject?: string } | null {
  if (rumor.kind !== kind.chat) return null;
  const receivers = tagValues(rumor, 'p');
  const mine = rumor.pubkey === me;
  const people = [rumor.pubkey, ...receivers];
  if (people.length > maxPeople || !people.every(isHex) || rumor.content.length > maxText) return null;
  if (!mine && !receivers.includes(me)) return null;
  const message: Message = {
    id: rumor.id,
    conversation: conversationId(people, me),
    author: rumor.pubkey,
    mine,
    text: rumor.content,
    // A clock that runs ahead must not hold its message at the end for ever.
    at: Math.min(rumor.created_at, now + clockSlack),
    state: 'sent',
  };
  const subject = tagValue(rumor, 'subject')?.trim();
  return { message, ...(subject ? { subject: Array.from(subject).slice(0, 100).join('') } : {}) };
}

/** When to say that a message was written, so that it stands after `last`, which its writer has seen. */
export function timeAfter(last: Message | undefined, now: number): number {
  return Math.min(Math.max(now, (last?.at ?? 0) + 1), now + furthestAhead);
}

export interface Arrival {
  wrap: Hex;
  rumor: Rumor | null;
}

/** Time, then id: the order in which messages are shown. */
const after = (a: Message, b: Message): boolean => a.at > b.at || (a.at === b.at && a.id > b.id);

type Writing = PersonTx<('messages' | 'conversations')[]>;

export class Messages {
  constructor(
    private readonly db: PersonDb,
    private readonly me: Hex,
  ) {}

  /** Which of these wraps have not been dealt with. */
  async unseen(ids: Hex[]): Promise<Set<Hex>> {
    const tx = this.db.transaction('wraps');
    const known = await Promise.all(ids.map((id) => tx.store.getKey(id)));
    return new Set(ids.filter((_, i) => known[i] === undefined));
  }

  /**
   * Takes in opened wraps. `history` is true for what was there before this device first looked: of that, whatever is
   * older than one's own last word counts as read. Returns the conversations that changed.
   */
  async arrive(arrivals: Arrival[], now: number, history: boolean): Promise<Set<string>> {
    const changed = new Set<string>();
    const tx = this.db.transaction(['messages', 'conversations', 'wraps'], 'readwrite');
    for (const { wrap, rumor } of arrivals) {
      await tx.objectStore('wraps').put({ id: wrap });
      const found = rumor && messageOf(rumor, this.me, now);
      if (!found || (await tx.objectStore('messages').getKey(found.message.id)) !== undefined) continue;
      await this.add(tx as unknown as Writing, found.message, history, found.subject, rumor?.created_at ?? 0);
      changed.add(found.message.conversation);
    }
    for (const id of changed) await this.count(tx as unknown as Writing, id);
    await tx.done;
    return changed;
  }

  /** Puts a message of one's own and its wraps in the outbox. */
  async depart(entry: OutboxEntry, now: number): Promise<void> {
    const tx = this.db.transaction(['messages', 'conversations', 'outbox'], 'readwrite');
    const found = messageOf(entry.rumor, this.me, now);
    if (!found) throw new Error('not a message');
    await tx.objectStore('outbox').put(entry);
    const message: Message = { ...found.message, state: 'sending' };
    await this.add(tx as unknown as Writing, message, false, found.subject, entry.rumor.created_at);
    await this.count(tx as unknown as Writing, entry.conversation);
    await tx.done;
  }

  /** The last `limit` messages before `before`, oldest first. */
  async page(conversation: string, limit: number, before?: Message): Promise<Message[]> {
    const upper = before ? [conversation, before.at, before.id] : [conversation, Infinity];
    const range = IDBKeyRange.bound([conversation], upper, false, true);
    const found: Message[] = [];
    const index = this.db.transaction('messages').store.index('time');
    for (let cursor = await index.openCursor(range, 'prev'); cursor; cursor = await cursor.continue()) {
      found.push(shown(cursor.value));
      if (found.length === limit) break;
    }
    return found.reverse();
  }

  /** All messages from `first` on, oldest first. */
  async since(conversation: string, first: Message): Promise<Message[]> {
    const range = IDBKeyRange.bound([conversation, first.at, first.id], [conversation, Infinity]);
    return (await this.db.getAllFromIndex('messages', 'time', range)).map(shown);
  }

  async conversations(): Promise<Conversation[]> {
    const all = await this.db.getAll('conversations');
    return all
      .map(({ id, people, subject, last, unread }) => ({ id, people, subject, last, unread }))
      .sort((a, b) => (b.last?.at ?? 0) - (a.last?.at ?? 0) || (a.id < b.id ? -1 : 1));
  }

  /** Returns whether anything was unread. */
  async markRead(conversation: string): Promise<boolean> {
    const tx = this.db.transaction(['messages', 'conversations'], 'readwrite') as unknown as Writing;
    const found = await this.read(tx, conversation, Infinity);
    if (found) await this.count(tx, conversation);
    await tx.done;
    return found;
  }

  /** Sets how far a message of one's own has come. */
  async setState(id: Hex, state: SendState, error?: string): Promise<void> {
    const tx = this.db.transaction(['messages', 'conversations'], 'readwrite') as unknown as Writing;
    const message = await tx.objectStore('messages').get(id);
    if (message) {
      const next: StoredMessage = { ...message, state, error };
      await tx.objectStore('messages').put(next);
      const conversation = await tx.objectStore('conversations').get(message.conversation);
      if (conversation?.last?.id === id) {
        await tx.objectStore('conversations').put({ ...conversation, last: shown(next) });
      }
    }
    await tx.done;
  }

  async remove(id: Hex): Promise<void> {
    const tx = this.db.transaction(['messages', 'conversations'], 'readwrite') as unknown as Writing;
    const message = await tx.objectStore('messages').get(id);
    if (message) {
      await tx.objectStore('messages').delete(id);
      const conversation = await tx.objectStore('conversations').get(message.conversation);
      if (conversation) {
        const range = IDBKeyRange.bound([message.conversation], [message.conversation, Infinity]);
        const cursor = await tx.objectStore('messages').index('time').openCursor(range, 'prev');
        const last = cursor ? shown(cursor.value) : undefined;
        if (last) await tx.objectStore('conversations').put({ ...conversation, last });
        else await tx.objectStore('conversations').delete(conversation.id);
      }
    }
    await tx.done;
  }

  private async add(tx: Writing, message: Message, history: boolean, subject: string | undefined, said: number) {
    const { conversation: id, at, mine } = message;
    const before = await tx.objectStore('conversations').get(id);
    const conversation: StoredConversation = before ?? { id, people: peopleOf(id, this.me), unread: 0 };
    if (!conversation.last || after(message, conversation.last)) conversation.last = message;
    if (subject !== undefined && said >= (conversation.subjectAt ?? 0)) {
      conversation.subject = subject;
      conversation.subjectAt = said;
    }
    if (mine) conversation.answeredAt = Math.max(at, conversation.answeredAt ?? 0);
    await tx.objectStore('conversations').put(conversation);
    // Who has answered has read what came before.
    if (mine) await this.read(tx, id, at);
    const read = mine || (history && at < (conversation.answeredAt ?? 0));
    await tx.objectStore('messages').put(read ? message : { ...message, unread: 1 });
  }

  private async read(tx: Writing, conversation: string, until: number): Promise<boolean> {
    let found = false;
    const index = tx.objectStore('messages').index('unread');
    for (const message of await index.getAll([conversation, 1])) {
      if (message.at > until) continue;
      found = true;
      await tx.objectStore('messages').put(shown(message));
    }
    return found;
  }

  private async count(tx: Writing, id: string): Promise<void> {
    const conversation = await tx.objectStore('conversations').get(id);
    if (!conversation) return;
    const unread = await tx.objectStore('messages').index('unread').count([id, 1]);
    await tx.objectStore('conversations').put({ ...conversation, unread });
  }
}

/** Without what only the store needs. */
function shown({ unread: _unread, ...message }: StoredMessage): Message {
  return message;
}
