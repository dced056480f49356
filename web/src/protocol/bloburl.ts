// Blob URLs in events are absolute at their publisher's address. Every reader takes the hash out of the last path
// segment and reads it from its own node, because an event may have travelled.

const named = /^([0-9a-f]{64})(\.[a-z0-9]{1,8})?$/;

/** `/<sha256>.<ext>` for a blob URL from anywhere; undefined when it names no blob. */
export function localBlobUrl(url: string | undefined): string | undefined {
  if (url === undefined || url.length > 4096) return undefined;
  const path = url.split(/[?#]/, 1)[0] ?? '';
  const match = named.exec(path.slice(path.lastIndexOf('/') + 1).toLowerCase());
  return match ? `/${match[1]}${match[2] ?? ''}` : undefined;
}

const extensions: Record<string, string> = {
  'image/jpeg': '.jpg',
  'image/png': '.png',
  'image/webp': '.webp',
  'image/gif': '.gif',
  'image/avif': '.avif',
  'video/mp4': '.mp4',
  'video/webm': '.webm',
  'video/quicktime': '.mov',
  'video/x-matroska': '.mkv',
};

/** The file name ending for a MIME type, with its dot; empty when unknown. */
export const extensionOf = (type: string): string => extensions[type.split(';', 1)[0]?.trim() ?? ''] ?? '';

export const blobPath = (sha256: string, type: string): string => `/${sha256}${extensionOf(type)}`;
