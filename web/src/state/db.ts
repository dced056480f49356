// What is kept on this device. Public content that starts the app without a network is in one database; what belongs to
// a person is in one of its own, so that a shared phone never mixes two people.
import { deleteDB, openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames } from 'idb';
import type { NostrEvent, Rumor } from '../protocol/event';
import { npub } from '../protocol/nip19';
import type { ArticleDraft, Hex, MediaFile, Message, NodeInfo, UploadStage, VideoMeta } from './types';
import { CodedError } from './types';

/** A message as it is stored: `unread` is 1 or absent, so that its index holds only the unread. */
export interface StoredMessage extends Message {
  unread?: 1;
}

export interface StoredConversation {
  id: string;
  people: Hex[];
  subject?: string;
  /** Time of the rumor that set the subject. */
  subjectAt?: number;
  last?: Message;
  /** Time of one's own last message. */
  answeredAt?: number;
  unread: number;
}

/** A message on its way. */
export interface OutboxEntry {
  /** Id of the rumor. */
  id: Hex;
  conversation: string;
  rumor: Rumor;
  wraps: { to: Hex; event: NostrEvent; done: boolean }[];
  /** Unix seconds when the wraps were made. */
  wrappedAt: number;
  /** Code of the refusal that ended it, until it is sent again. */
  failed?: string;
}

/** A video between choosing its file and seeing it published. */
export interface StoredUpload extends VideoMeta {
  id: string;
  file: string;
  size: number;
  type: string;
  stage: UploadStage;
  error?: string;
  sha256?: Hex;
  original?: MediaFile;
  /** Milliseconds. */
  at: number;
}

interface PersonSchema extends DBSchema {
  /** Small facts: how far the inbox has been read, the state of the recovery card, events that wait to be published. */
  meta: { key: string; value: unknown };
  /** Ids of wraps that have been dealt with. */
  wraps: { key: Hex; value: { id: Hex } };
  messages: {
    key: Hex;
    value: StoredMessage;
    indexes: { time: [string, number, Hex]; unread: [string, number] };
  };
  conversations: { key: string; value: StoredConversation };
  outbox: { key: Hex; value: OutboxEntry };
  /** "message:<conversation>" to text, "article:<d>" to a draft. */
  drafts: { key: string; value: string | ArticleDraft };
  uploads: { key: string; value: StoredUpload };
}

interface PublicSchema extends DBSchema {
  /** "node" to what the node said of itself; "roster", "profiles", "articles", "videos" to verified events. */
  cache: { key: string; value: NodeInfo | NostrEvent[] };
}

export type PersonDb = IDBPDatabase<PersonSchema>;
type PublicDb = IDBPDatabase<PublicSchema>;
export type PersonTx<Stores extends StoreNames<PersonSchema>[]> = IDBPTransaction<PersonSchema, Stores, 'readwrite'>;

const publicName = 'madang';
const personName = (pubkey: Hex): string => `madang-${npub(pubkey).slice(5, 13)}`;

/** Another tab wants to delete or upgrade the database: let go of it. */
const giveWay = (_current: number, _blocked: number | null, event: IDBVersionChangeEvent): void =>
  (event.target as IDBDatabase).close();

export function openPersonDb(pubkey: Hex): Promise<PersonDb> {
  return openDB<PersonSchema>(personName(pubkey), 1, {
    upgrade(db) {
      db.createObjectStore('meta');
      db.createObjectStore('wraps', { keyPath: 'id' });
      const messages = db.createObjectStore('messages', { keyPath: 'id' });
      messages.createIndex('time', ['conversation', 'at', 'id']);
      messages.createIndex('unread', ['conversation', 'unread']);
      db.createObjectStore('conversations', { keyPath: 'id' });
      db.createObjectStore('outbox', { keyPath: 'id' });
      db.createObjectStore('drafts');
      db.createObjectStore('uploads', { keyPath: 'id' });
    },
    blocking: giveWay,
  });
}

function openPublicDb(): Promise<PublicDb> {
  return openDB<PublicSchema>(publicName, 1, {
    upgrade(db) {
      db.createObjectStore('cache');
    },
    blocking: giveWay,
  });
}

export const deletePersonDb = (pubkey: Hex): Promise<void> => deleteDB(personName(pubkey));

/** Throws `no-store` where the browser lets nothing be kept, as in some private windows. */
export async function needStorage(): Promise<void> {
  try {
    (await openPublicDb()).close();
  } catch {
    throw new CodedError('no-store');
  }
}

/** Public content for a start without a network. It is a convenience: where storage fails, it is as if empty. */
export class PublicCache {
  private db: Promise<PublicDb | null> | null = null;

  async events(key: string): Promise<NostrEvent[]> {
    const found = await this.use((db) => db.get('cache', key));
    return Array.isArray(found) ? found : [];
  }

  async node(): Promise<NodeInfo | null> {
    const found = await this.use((db) => db.get('cache', 'node'));
    return found && !Array.isArray(found) ? found : null;
  }

  async put(key: string, value: NodeInfo | NostrEvent[]): Promise<void> {
    await this.use((db) => db.put('cache', value, key));
  }

  async wipe(): Promise<void> {
    await this.use(async (db) => db.close());
    this.db = null;
    await deleteDB(publicName);
  }

  private async use<T>(work: (db: PublicDb) => Promise<T>): Promise<T | undefined> {
    this.db ??= openPublicDb().catch(() => null);
    const db = await this.db;
    try {
      return db ? await work(db) : undefined;
    } catch {
      this.db = null; // another tab has wiped it: the next use opens it anew
      return undefined;
    }
  }
}
