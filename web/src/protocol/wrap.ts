// Gift wraps: private messages that the node cannot read (NIP-17, NIP-44, NIP-59). Runs in the worker.
import { decrypt, encrypt, getConversationKey } from 'nostr-tools/nip44';
import { finalizeEvent, getEventHash, verifyEvent } from 'nostr-tools/pure';
import { isEvent, isRumor, kind, type Hex, type NostrEvent, type Rumor } from './event';
import { newSecret } from './keys';

const twoDays = 2 * 24 * 60 * 60;

/** No node takes a larger event (256 KiB). */
const maxPayload = 256 * 1024;

/** Bytes of a text to encrypt: NIP-44 has a longer form from 65,536 on, which several libraries refuse. */
const maxText = 65_535;

export interface RumorTemplate {
  kind: number;
  created_at: number;
  tags: string[][];
  content: string;
}

export interface AddressedWrap {
  to: Hex;
  event: NostrEvent;
}

export function makeRumor(template: RumorTemplate, author: Hex): Rumor {
  const { kind: k, created_at, tags, content } = template;
  const unsigned = { kind: k, created_at, tags, content, pubkey: author };
  return { ...unsigned, id: getEventHash(unsigned) };
}

/** A moment up to two days before `now`, so that times tell nothing (NIP-59). */
function pastMoment(now: number): number {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return Math.max(0, now - Math.floor((random / 2 ** 32) * twoDays)); // some clocks stand at 1970
}

function seal(text: string, secret: Uint8Array, reader: Hex): string {
  if (new TextEncoder().encode(text).length > maxText) throw new RangeError('too long to be read everywhere');
  return encrypt(text, getConversationKey(secret, reader));
}

/** Seals a rumor with the author's key and wraps it for one reader with a key used once. */
export function wrapFor(rumor: Rumor, secret: Uint8Array, reader: Hex, now: number): NostrEvent {
  const sealed = finalizeEvent(
    {
      kind: kind.seal,
      created_at: pastMoment(now),
      tags: [],
      content: seal(JSON.stringify(rumor), secret, reader),
    },
    secret,
  );
  const once = newSecret();
  const { id, pubkey, sig, kind: k, created_at, tags, content } = finalizeEvent(
    {
      kind: kind.wrap,
      created_at: pastMoment(now),
      tags: [['p', reader]],
      content: seal(JSON.stringify(sealed), once, reader),
    },
    once,
  );
  return { id, pubkey, sig, kind: k, created_at, tags, content };
}

/**
 * Opens a wrap; null when it is not for this key, is broken, or its seal or author does not hold. The wrap's own
 * signature is by a throw-away key and proves nothing, so only the seal's is checked; that the seal's author is the
 * rumor's author is what keeps anyone from speaking in another's name (NIP-17). NIP-59 wants no tags on a seal and yet
 * speaks of its expiration: whatever is there is passed over.
 */
export function unwrap(wrap: NostrEvent, secret: Uint8Array): Rumor | null {
  try {
    if (wrap.kind !== kind.wrap || wrap.content.length > maxPayload) return null;
    const seal: unknown = JSON.parse(decrypt(wrap.content, getConversationKey(secret, wrap.pubkey)));
    if (!isEvent(seal) || seal.kind !== kind.seal || !verifyEvent(seal)) return null;
    const rumor: unknown = JSON.parse(decrypt(seal.content, getConversationKey(secret, seal.pubkey)));
    if (!isRumor(rumor) || rumor.pubkey !== seal.pubkey) return null;
    const { kind: k, created_at, tags, content, pubkey, id } = rumor;
    return id === getEventHash({ kind: k, created_at, tags, content, pubkey })
      ? { id, pubkey, kind: k, created_at, tags, content }
      : null;
  } catch {
    return null;
  }
}

/** One wrap for each reader. */
export function wrapForAll(rumor: Rumor, secret: Uint8Array, readers: Hex[], now: number): AddressedWrap[] {
  return readers.map((to) => ({ to, event: wrapFor(rumor, secret, to, now) }));
}

