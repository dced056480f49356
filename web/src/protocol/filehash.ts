// SHA-256 of a file of any size in little memory. Runs in the worker.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { CodedError } from './errors';
import type { Hex } from './event';

const chunk = 4 * 1024 * 1024;

/** Reads the file piece by piece; between pieces other work gets its turn. `stopped` ends it with code `stopped`. */
export async function hashFile(
  file: Blob,
  onProgress?: (done: number) => void,
  stopped: () => boolean = () => false,
): Promise<Hex> {
  const hash = sha256.create();
  for (let at = 0; at < file.size; at += chunk) {
    if (stopped()) throw new CodedError('stopped');
    hash.update(new Uint8Array(await file.slice(at, at + chunk).arrayBuffer()));
    onProgress?.(Math.min(1, (at + chunk) / file.size));
  }
  return bytesToHex(hash.digest());
}
