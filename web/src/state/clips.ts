// Videos as events (NIP-71) and back.
import { blobPath, extensionOf, localBlobUrl } from '../protocol/bloburl';
import { isHex, kind, tagValue, videoKinds, type EventTemplate, type NostrEvent } from '../protocol/event';
import { addressOf } from '../protocol/nip19';
import { languageOf, languageTags, secondsOf } from './articles';
import type { MediaFile, MediaJob, Rendition, Video, VideoMeta } from './types';

const maxRenditions = 20;

/** Null when the event holds no video that this node could have. */
export function parseVideo(e: NostrEvent): Video | null {
  if (!videoKinds.includes(e.kind)) return null;
  const sources = e.tags.filter((tag) => tag[0] === 'imeta').slice(0, maxRenditions).map(parseImeta);
  const renditions = sources.map((s) => s.rendition).filter((r): r is Rendition => r !== null);
  const title = tagValue(e, 'title')?.trim();
  if (renditions.length === 0 || !title) return null;
  return {
    address: addressOf(e),
    pubkey: e.pubkey,
    d: tagValue(e, 'd'),
    title,
    description: e.content,
    poster: sources.find((s) => s.poster)?.poster,
    duration: sources.find((s) => s.duration)?.duration ?? secondsOf(tagValue(e, 'duration')) ?? 0,
    renditions: renditions.sort((a, b) => a.width * a.height - b.width * b.height || a.size - b.size),
    publishedAt: secondsOf(tagValue(e, 'published_at')) ?? e.created_at,
    language: languageOf(e),
  };
}

interface Source {
  rendition: Rendition | null;
  poster?: string;
  duration?: number;
}

/** One imeta tag: items of "name value" (NIP-92). */
function parseImeta(tag: string[]): Source {
  const fields = new Map<string, string>();
  for (const item of tag.slice(1)) {
    const space = item.indexOf(' ');
    const name = item.slice(0, space);
    if (space > 0 && !fields.has(name)) fields.set(name, item.slice(space + 1));
  }
  const number = (name: string): number | undefined => {
    const value = Number(fields.get(name) ?? NaN);
    return Number.isFinite(value) && value >= 0 ? value : undefined;
  };
  const type = fields.get('m') ?? 'video/mp4';
  const local = localBlobUrl(fields.get('url'));
  const sha256 = isHex(fields.get('x')) ? fields.get('x') : local?.slice(1, 65);
  const [width = 0, height = 0] = /^(\d{1,5})x(\d{1,5})$/.exec(fields.get('dim') ?? '')?.slice(1).map(Number) ?? [];
  const source: Source = {
    rendition: null,
    poster: localBlobUrl(fields.get('image')),
    duration: number('duration'),
  };
  if (sha256 !== undefined && type.startsWith('video/')) {
    const url = blobPath(sha256, type);
    source.rendition = { url, sha256, type, size: number('size') ?? 0, width, height, bitrate: number('bitrate') };
  }
  return source;
}

/** The event of a video: what the node has made of it, smallest first, then the original. */
export function buildVideo(a: {
  meta: VideoMeta;
  job: MediaJob;
  original: MediaFile;
  d: string;
  /** Where the URLs point. */
  origin: string;
  publishedAt: number;
  createdAt: number;
}): EventTemplate {
  const { meta, job, origin, original } = a;
  const made = (job.renditions ?? []).filter((r) => r.sha256 !== original.sha256);
  const poster = job.poster && origin + blobPath(job.poster.sha256, job.poster.type);
  const imeta = [...made, original].map((r) => {
    const items = ['imeta', `url ${origin}${blobPath(r.sha256, r.type)}`, `x ${r.sha256}`, `m ${r.type}`];
    if (r.width > 0) items.push(`dim ${r.width}x${r.height}`);
    items.push(`size ${r.size}`);
    if (r.bitrate) items.push(`bitrate ${Math.round(r.bitrate)}`);
    if (job.duration) items.push(`duration ${Math.round(job.duration * 1000) / 1000}`);
    if (poster) items.push(`image ${poster}`);
    return items;
  });
  return {
    kind: kind.addressableVideo,
    created_at: a.createdAt,
    tags: [
      ['d', a.d],
      ['title', meta.title],
      ['published_at', String(a.publishedAt)],
      ...imeta,
      ...languageTags(meta.language),
    ],
    content: meta.description,
  };
}

/** Where a rendition is downloaded under a name that people recognise: "Title-480p.mp4". */
export function downloadUrl(v: Video, r: Rendition): string {
  const title = Array.from(v.title.replace(/[\p{Cc}\p{Cf}\\/:*?"<>|]+/gu, ' ').replace(/\s+/gu, ' ').trim());
  const stem = title.slice(0, 80).join('').trim() || 'video';
  const height = r.height > 0 ? `-${r.height}p` : '';
  return `${r.url}?name=${encodeURIComponent(`${stem}${height}${extensionOf(r.type) || '.mp4'}`)}`;
}
