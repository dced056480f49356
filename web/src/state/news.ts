// Articles: reading them, writing them, and drafts that stay on this device.
import type { ReadonlySignal } from '@preact/signals';
import { articleKinds, kind } from '../protocol/event';
import { buildArticle, parseArticle } from './articles';
import { publish, sign, whoAmI } from './core';
import { now } from './node';
import { deletePublished, newIdentifier, publicFeed } from './publicfeed';
import { CodedError, type Article, type ArticleDraft } from './types';

const feed = publicFeed<Article>({
  name: 'articles',
  kinds: articleKinds,
  parse: parseArticle,
  time: (a) => a.publishedAt,
  address: (a) => a.address,
});

/** Latest first. */
export const articles = feed.items;
export const newsLoad = feed.load;
/** Whether older ones can be loaded. */
export const moreNews = feed.more;
export const startNews = (): Promise<void> => feed.start();
export const loadMoreNews = (): Promise<void> => feed.loadMore();

/** undefined while it is looked for, null when there is none. */
export const article = (address: string): ReadonlySignal<Article | null | undefined> => feed.one(address);

/** Publishes a new article, or with the `d` of one's own earlier one a correction of it. */
export async function publishArticle(a: ArticleDraft): Promise<Article> {
  const { pubkey } = whoAmI();
  const d = a.d ?? newIdentifier();
  const before = feed.eventAt(`${kind.article}:${pubkey}:${d}`);
  const at = Math.max(now(), (before?.created_at ?? 0) + 1);
  const publishedAt = a.publishedAt ?? (before && parseArticle(before)?.publishedAt) ?? at;
  const event = await sign(buildArticle({ ...a, d, publishedAt }, at));
  await publish(event);
  feed.published(event);
  const published = parseArticle(event);
  if (!published) throw new CodedError('refused', `kind ${kind.article} without a title`);
  return published;
}

export const deleteArticle = (address: string): Promise<void> => deletePublished(feed, address);

const draftKey = (d: string | null): string => `article:${d ?? ''}`;

/** The draft for a correction of `d`, or with null the one for a new article. */
export async function loadDraft(d: string | null): Promise<ArticleDraft | null> {
  const found = await whoAmI().db.get('drafts', draftKey(d));
  return typeof found === 'object' ? found : null;
}

export async function saveDraft(d: string | null, draft: ArticleDraft): Promise<void> {
  await whoAmI().db.put('drafts', draft, draftKey(d));
}

export async function dropDraft(d: string | null): Promise<void> {
  await whoAmI().db.delete('drafts', draftKey(d));
}
