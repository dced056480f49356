// Articles as events (NIP-23) and back.
import { localBlobUrl } from '../protocol/bloburl';
import { kind, tagValue, type EventTemplate, type NostrEvent } from '../protocol/event';
import { addressOf } from '../protocol/nip19';
import type { Article, ArticleDraft } from './types';

/** Null when the event is no article that can be shown. */
export function parseArticle(e: NostrEvent): Article | null {
  const d = tagValue(e, 'd');
  const title = tagValue(e, 'title')?.trim();
  if (e.kind !== kind.article || d === undefined || !title) return null;
  return {
    address: addressOf(e),
    pubkey: e.pubkey,
    d,
    title,
    summary: tagValue(e, 'summary')?.trim() ?? '',
    image: localBlobUrl(tagValue(e, 'image')),
    content: e.content,
    language: languageOf(e),
    section: tagValue(e, 't')?.trim() || undefined,
    publishedAt: secondsOf(tagValue(e, 'published_at')) ?? e.created_at,
    updatedAt: e.created_at,
    link: webLink(e),
  };
}

/** The event of a draft; `d` and times are the caller's to decide. */
export function buildArticle(a: ArticleDraft & { d: string; publishedAt: number }, createdAt: number): EventTemplate {
  const tags = [['d', a.d], ['title', a.title], ['summary', a.summary], ['published_at', String(a.publishedAt)]];
  if (a.image) tags.push(['image', a.image]);
  if (a.section) tags.push(['t', a.section]);
  tags.push(...languageTags(a.language));
  return { kind: kind.article, created_at: createdAt, tags, content: a.content };
}

/** NIP-32 labels for a language. */
export const languageTags = (language: string): string[][] => [
  ['L', 'ISO-639-1'],
  ['l', language, 'ISO-639-1'],
];

export function languageOf(e: NostrEvent): string | undefined {
  const code = e.tags.find((tag) => tag[0] === 'l' && tag[2] === 'ISO-639-1')?.[1]?.toLowerCase();
  return code !== undefined && /^[a-z]{2,3}$/.test(code) ? code : undefined;
}

/** A tag's Unix seconds; undefined when it is no believable time. */
export function secondsOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/** Where it was first (NIP-48), if that can be opened in a browser. */
function webLink(e: NostrEvent): string | undefined {
  const link = tagValue(e, 'proxy');
  return link !== undefined && /^https?:\/\//i.test(link) ? link : undefined;
}
