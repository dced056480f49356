import { useState } from 'preact/hooks';
import { languages, t } from '../../state/i18n';
import { articles, loadMoreNews, moreNews, newsLoad } from '../../state/news';
import { person } from '../../state/people';
import type { Article } from '../../state/types';
import { directionOf } from '../direction';
import { ButtonLink, Empty, IconButton, Note, Page, Skeleton, Tabs, Time } from '../kit';
import { link } from '../router';
import { LoadMore } from '../LoadMore';
import { mayWrite } from '../mayWrite';
import './news.css';

const everything = '';

/** A paper's first page: the newest as the lead, the others under it with thin rules between. */
export function FrontPage() {
  const [chosen, choose] = useState(everything);
  const all = articles.value;
  const load = newsLoad.value;
  const spoken = languagesOf(all);
  const shown = chosen === everything ? all : all.filter((a) => a.language === chosen);
  const [lead, ...rest] = shown;
  return (
    <Page
      title={t('news.title')}
      width="wide"
      action={mayWrite() && <IconButton icon="compose" label={t('news.write')} href={link('news', 'write')} />}
    >
      {spoken.length > 1 && (
        <div class="paper__choice">
          <Tabs
            label={t('news.fieldLanguage')}
            value={chosen}
            onChange={choose}
            options={[
              { value: everything, label: t('news.allLanguages') },
              ...spoken.map((code) => ({ value: code, label: languageName(code) })),
            ]}
          />
        </div>
      )}
      {load === 'failed' && <Note kind="alarm" title={t('news.failed')} />}
      {load === 'loading' && all.length === 0 && <Skeleton shape="article" count={4} />}
      {load !== 'loading' && all.length === 0 && <NoNews />}
      {lead && (
        <div class="paper">
          <Lead article={lead} />
          <ol class="paper__rest">
            {rest.map((article) => (
              <li key={article.address}>
                <Story article={article} />
              </li>
            ))}
          </ol>
        </div>
      )}
      {lead && moreNews.value && <LoadMore load={loadMoreNews}>{t('news.more')}</LoadMore>}
    </Page>
  );
}

function Lead({ article }: { article: Article }) {
  return (
    <article class="lead" lang={article.language} dir={directionOf(article.language)}>
      <a class="lead__link" href={link('news', article.address)}>
        {article.image && <Picture class="lead__picture" source={article.image} />}
        <span class="lead__words">
          <Kicker article={article} />
          <h2 class="lead__title">{article.title}</h2>
          {article.summary && <p class="lead__summary">{article.summary}</p>}
        </span>
      </a>
    </article>
  );
}

function Story({ article }: { article: Article }) {
  return (
    <article lang={article.language} dir={directionOf(article.language)}>
      <a class="story" href={link('news', article.address)}>
        <span class="story__words">
          <Kicker article={article} />
          <h3 class="story__title">{article.title}</h3>
          {article.summary && <p class="story__summary">{article.summary}</p>}
        </span>
        {article.image && <Picture class="story__picture" source={article.image} />}
      </a>
    </article>
  );
}

function Kicker({ article }: { article: Article }) {
  return (
    <p class="kicker">
      {article.section && (
        <span>
          <bdi class="kicker__section">{article.section}</bdi>
        </span>
      )}
      <span>
        <bdi>{person(article.pubkey).name}</bdi>
      </span>
      <span>
        <bdi>
          <Time at={article.publishedAt} as="short" />
        </bdi>
      </span>
    </p>
  );
}

/** A picture that may be absent: one that cannot be had leaves no hole. */
function Picture({ source, class: name }: { source: string; class: string }) {
  const [broken, setBroken] = useState(false);
  if (broken) return null;
  return <img class={name} src={source} alt="" loading="lazy" decoding="async" onError={() => setBroken(true)} />;
}

function NoNews() {
  return (
    <Empty
      icon="news"
      title={t('news.emptyTitle')}
      action={
        mayWrite() && (
          <ButtonLink kind="primary" icon="compose" href={link('news', 'write')}>
            {t('news.write')}
          </ButtonLink>
        )
      }
    >
      {mayWrite() ? t('news.emptyEditor') : t('news.empty')}
    </Empty>
  );
}

function languagesOf(all: Article[]): string[] {
  const found = new Set<string>();
  for (const a of all) if (a.language) found.add(a.language);
  return Array.from(found).sort();
}

/** A language's name in itself. */
function languageName(code: string): string {
  return languages.find((l) => l.code === code)?.name ?? code.toUpperCase();
}
