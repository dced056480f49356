// Blobs on the node: asking first (BUD-06) and sending with progress (BUD-02).
import { CodedError } from './errors';
import { isHex, type Hex } from './event';

/** The part of XMLHttpRequest that is used; fetch shows no progress of what it sends. */
export type RequestFactory = () => XMLHttpRequest;

export interface Upload {
  origin: string;
  file: Blob;
  sha256: Hex;
  type: string;
  /** Authorization header of BUD-11. */
  token: string;
  onProgress?: (done: number) => void;
  /** Receives a function that ends the upload; it then rejects with code `stopped`. */
  onStart?: (stop: () => void) => void;
  request?: RequestFactory;
}

export interface Stored {
  sha256: Hex;
  /** Absolute, at the address of the node that stored it. */
  url: string;
  size: number;
  type: string;
}

/** A line that moves no byte for so long is dead. */
const stallTime = 60_000;

/** Asks whether the node would take the blob, before its bytes are on their way. */
export async function mayUpload({ origin, file, sha256, type, token }: Upload, fetcher = fetch): Promise<void> {
  let response: Response;
  try {
    response = await fetcher(`${origin}/upload`, {
      method: 'HEAD',
      headers: {
        Authorization: token,
        'X-SHA-256': sha256,
        'X-Content-Type': type,
        'X-Content-Length': String(file.size),
      },
    });
  } catch {
    throw new CodedError('offline');
  }
  if (!response.ok) throw new CodedError(codeOfStatus(response.status), response.headers.get('X-Reason') ?? undefined);
}

export function sendBlob(upload: Upload): Promise<Stored> {
  const { origin, file, sha256, type, token, onProgress, onStart, request = () => new XMLHttpRequest() } = upload;
  return new Promise((resolve, reject) => {
    const xhr = request();
    let stall = 0;
    const fail = (code: string, message?: string) => {
      clearTimeout(stall);
      reject(new CodedError(code, message));
    };
    const alive = () => {
      clearTimeout(stall);
      stall = setTimeout(() => {
        fail('timeout');
        xhr.abort();
      }, stallTime) as unknown as number;
    };
    xhr.open('PUT', `${origin}/upload`);
    xhr.setRequestHeader('Authorization', token);
    xhr.setRequestHeader('Content-Type', type);
    xhr.setRequestHeader('X-SHA-256', sha256);
    xhr.upload.onprogress = (e) => {
      alive();
      if (e.total > 0) onProgress?.(e.loaded / e.total);
    };
    // The node may take long over a large file's last bytes; the wait for its answer starts anew here.
    xhr.upload.onload = alive;
    xhr.onerror = () => fail('offline');
    xhr.onabort = () => fail('stopped');
    xhr.onload = () => {
      clearTimeout(stall);
      if (xhr.status !== 200 && xhr.status !== 201) {
        fail(codeOfStatus(xhr.status), xhr.getResponseHeader('X-Reason') ?? undefined);
        return;
      }
      const stored = parseDescriptor(xhr.responseText);
      if (stored && stored.sha256 === sha256) resolve(stored);
      else fail('bad-answer');
    };
    onStart?.(() => xhr.abort());
    alive();
    xhr.send(file);
  });
}

function parseDescriptor(text: string): Stored | null {
  try {
    const { sha256, url, size, type } = JSON.parse(text) as Record<string, unknown>;
    if (!isHex(sha256) || typeof url !== 'string' || typeof size !== 'number') return null;
    return { sha256, url, size, type: typeof type === 'string' ? type : 'application/octet-stream' };
  } catch {
    return null;
  }
}

function codeOfStatus(status: number): string {
  switch (status) {
    case 401:
    case 403:
      return 'not-allowed';
    case 413:
      return 'too-large';
    case 415:
      return 'unsupported-type';
    case 429:
      return 'rate-limited';
    case 507:
      return 'full';
    case 503:
      return 'server';
    default:
      return 'upload-failed';
  }
}
