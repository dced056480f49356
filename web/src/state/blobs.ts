// Pictures and other blobs of one's own, sent to the node (BUD-02, BUD-06, BUD-11).
import { blobPath, localBlobUrl } from '../protocol/bloburl';
import { mayUpload, sendBlob } from '../protocol/blossom';
import { maybeMe, the } from './core';
import { node, nodeNow } from './node';
import { roster } from './people';
import { CodedError, type Hex } from './types';

export { localBlobUrl };

export interface UploadSteps {
  onHash?: (done: number) => void;
  onSend?: (done: number) => void;
  /** Receives what stops the step that is under way. */
  onStart?: (stop: () => void) => void;
}

export interface Sent {
  /** Absolute, for events. */
  url: string;
  /** On this node. */
  local: string;
  sha256: Hex;
  type: string;
}

/** A token lives long enough for a large file on a slow line. */
const tokenLife = 6 * 60 * 60;
const hashShare = 0.2;

/** A picture of any type that browsers show; scaled down by the caller. */
export function uploadPicture(file: File, onProgress?: (done: number) => void): Promise<Sent> {
  if (!/^image\/(jpeg|png|webp|gif|avif)$/.test(file.type)) {
    return Promise.reject(new CodedError('unsupported-type'));
  }
  return uploadBlob(file, file.type, {
    onHash: (p) => onProgress?.(p * hashShare),
    onSend: (p) => onProgress?.(hashShare + p * (1 - hashShare)),
  });
}

/** Hashes, asks, sends. */
export async function uploadBlob(file: Blob, type: string, steps: UploadSteps = {}): Promise<Sent> {
  checkSize(file.size);
  const { onHash: onProgress, onStart } = steps;
  const sha256 = await the().crypto.call('hashFile', file, { onProgress, onStart });
  return sendHashed(file, type, sha256, steps);
}

/** Throws `too-large` for what the node has said it would refuse. */
export function checkSize(bytes: number): void {
  const limits = node.value;
  if (!limits) return;
  const role = roster.value?.get(maybeMe()?.pubkey ?? '');
  const most = role === 'member' ? limits.memberUploadMax : limits.editorUploadMax;
  if (most > 0 && bytes > most) throw new CodedError('too-large');
}

/** Sends a blob whose hash is known. */
export async function sendHashed(file: Blob, type: string, sha256: Hex, steps: UploadSteps = {}): Promise<Sent> {
  const { origin, crypto } = the();
  const server = new URL(origin).hostname;
  const at = nodeNow();
  const token = await crypto.call('blobToken', { verb: 'upload', sha256, server, now: at, expires: at + tokenLife });
  const upload = { origin, file, sha256, type, token, onProgress: steps.onSend, onStart: steps.onStart };
  await mayUpload(upload);
  const stored = await sendBlob(upload);
  const local = localBlobUrl(stored.url) ?? blobPath(sha256, type);
  // Of a file that came without a type, the node may know better.
  return { url: origin + local, local, sha256, type: stored.type || type };
}
