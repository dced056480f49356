// Proofs of who asks: NIP-42 for the relay, NIP-98 for the API, BUD-11 for blobs. Runs in the worker.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { base64, base64urlnopad } from '@scure/base';
import { finalizeEvent } from 'nostr-tools/pure';
import { kind, type EventTemplate, type Hex, type NostrEvent } from './event';

/** Signs a template; the result is a plain object, so that it can cross to the page. */
export function sign(template: EventTemplate, secret: Uint8Array): NostrEvent {
  const { kind: k, created_at, tags, content } = template;
  const e = finalizeEvent({ kind: k, created_at, tags, content }, secret);
  return { id: e.id, pubkey: e.pubkey, created_at, kind: k, tags, content, sig: e.sig };
}

export interface HttpRequest {
  /** Absolute. */
  url: string;
  method: string;
  body?: string;
  /** Unix seconds, the node's clock. */
  now: number;
}

/** The Authorization header of NIP-98. A node takes each token once; the nonce tells two calls in one second apart. */
export function httpToken({ url, method, body, now }: HttpRequest, secret: Uint8Array): string {
  const tags = [['u', url], ['method', method], ['nonce', bytesToHex(randomBytes(8))]];
  if (body !== undefined) tags.push(['payload', bytesToHex(sha256(utf8ToBytes(body)))]);
  const e = sign({ kind: kind.httpAuth, created_at: now, tags, content: '' }, secret);
  return `Nostr ${base64.encode(utf8ToBytes(JSON.stringify(e)))}`;
}

export interface BlobRequest {
  verb: 'upload' | 'delete';
  sha256: Hex;
  /** Domain name of the only server the token is for. */
  server: string;
  now: number;
  /** Unix seconds. */
  expires: number;
}

/** The Authorization header of BUD-11, good for one blob on one server. */
export function blobToken({ verb, sha256: hash, server, now, expires }: BlobRequest, secret: Uint8Array): string {
  const tags = [['t', verb], ['x', hash], ['server', server.toLowerCase()], ['expiration', String(expires)]];
  const content = verb === 'upload' ? 'Upload a file' : 'Delete a file';
  const e = sign({ kind: kind.blossomAuth, created_at: now, tags, content }, secret);
  return `Nostr ${base64urlnopad.encode(utf8ToBytes(JSON.stringify(e)))}`;
}
