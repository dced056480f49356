// The secret key on this device. A person who stays is found again from IndexedDB alone. Otherwise what is stored is
// sealed under a ticket that only the tab keeps (sessionStorage), so that a reload goes on and a closed tab leaves
// nothing that opens. Both are gone at logout.
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { bytesToHex, concatBytes, hexToBytes, randomBytes } from '@noble/hashes/utils.js';
import { deleteDB, openDB, type IDBPDatabase } from 'idb';

const databaseName = 'madang-keys';
const nonceSize = 24;
/** Sealed keys of tabs that were closed without logging out are swept after this. */
const tabLife = 14 * 24 * 60 * 60 * 1000;

interface Kept {
  id: string;
  /** The secret key, or nonce and box of it. */
  bytes: Uint8Array;
  /** Milliseconds. */
  at: number;
}

const open = (): Promise<IDBPDatabase> =>
  openDB(databaseName, 1, {
    upgrade: (db) => void db.createObjectStore('keys', { keyPath: 'id' }),
    blocking: (_current, _blocked, event) => (event.target as IDBDatabase | null)?.close(),
  });

async function using<T>(work: (db: IDBPDatabase) => Promise<T>): Promise<T> {
  const db = await open();
  try {
    return await work(db);
  } finally {
    db.close();
  }
}

/** Keeps the key until `forget`; every tab finds it. */
export const keepForDevice = (secret: Uint8Array): Promise<void> =>
  using(async (db) => void (await db.put('keys', { id: 'device', bytes: secret, at: Date.now() } satisfies Kept)));

/** Keeps the key for one tab and returns the ticket that finds it. */
export function keepForTab(secret: Uint8Array): Promise<string> {
  const id = bytesToHex(randomBytes(16));
  const key = randomBytes(32);
  const nonce = randomBytes(nonceSize);
  const bytes = concatBytes(nonce, xchacha20poly1305(key, nonce).encrypt(secret));
  return using(async (db) => {
    const tx = db.transaction('keys', 'readwrite');
    for (const old of (await tx.store.getAll()) as Kept[]) {
      if (old.id !== 'device' && old.at < Date.now() - tabLife) void tx.store.delete(old.id);
    }
    void tx.store.put({ id, bytes, at: Date.now() } satisfies Kept);
    await tx.done;
    return `${id}:${bytesToHex(key)}`;
  });
}

/** The key kept for the device, or for the tab that shows its ticket. */
export function find(ticket: string | null): Promise<Uint8Array | null> {
  return using(async (db) => {
    if (ticket === null) return ((await db.get('keys', 'device')) as Kept | undefined)?.bytes ?? null;
    const [id = '', key = ''] = ticket.split(':');
    const kept = (await db.get('keys', id)) as Kept | undefined;
    if (!kept || !/^[0-9a-f]{64}$/.test(key)) return null;
    try {
      const nonce = kept.bytes.subarray(0, nonceSize);
      const secret = xchacha20poly1305(hexToBytes(key), nonce).decrypt(kept.bytes.subarray(nonceSize));
      await db.put('keys', { ...kept, at: Date.now() });
      return secret;
    } catch {
      return null;
    }
  });
}

/** Removes every key from the device. */
export const forgetAll = (): Promise<void> => deleteDB(databaseName);
