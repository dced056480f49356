import { useMemo } from 'preact/hooks';
import { formatDate, language, t } from '../../state/i18n';
import { article as articleAt, deleteArticle } from '../../state/news';
import { person } from '../../state/people';
import { session } from '../../state/session';
import type { Article } from '../../state/types';
import { directionOf } from '../direction';
import { ButtonLink, Empty, Page, Skeleton, Time } from '../kit';
import { link, route } from '../router';
import { TakeBack } from '../TakeBack';
import { ArticleBody } from './ArticleBody';
import './news.css';

const front = link('news');

/** `#/news/<naddr>` */
export default function ArticlePage() {
  const address = route.value.parts[1] ?? '';
  return <ArticleAt key={address} address={address} />;
}

function ArticleAt({ address }: { address: string }) {
  const found = useMemo(() => articleAt(address), [address]).value;
  if (found === undefined) {
    return (
      <Page title={t('news.title')} back={front} width="reading">
        <Skeleton shape="article" count={1} />
      </Page>
    );
  }
  if (found === null) {
    return (
      <Page title={t('news.title')} back={front}>
        <Empty icon="news" title={t('news.title')} action={<ButtonLink href={front}>{t('common.back')}</ButtonLink>}>
          {t('news.missing')}
        </Empty>
      </Page>
    );
  }
  return (
    <Page title={found.title} heading={t('news.title')} back={front} width="reading">
      <ArticleBody title={found.title} content={found.content} image={found.image} language={found.language}>
        <Byline article={found} />
      </ArticleBody>
      <Foot article={found} />
    </Page>
  );
}

function Byline({ article }: { article: Article }) {
  const corrected = article.updatedAt > article.publishedAt + 60;
  return (
    <p class="byline" lang={language.value} dir={directionOf(language.value)}>
      <span>
        <bdi>{t('news.by', { name: person(article.pubkey).name })}</bdi>
      </span>
      <span>
        <bdi>
          <Time at={article.publishedAt} as="date" />
        </bdi>
      </span>
      {corrected && (
        <span>
          <bdi>{t('news.corrected', { date: formatDate(article.updatedAt) })}</bdi>
        </span>
      )}
      {article.link && (
        <span>
          <bdi>
            <a href={article.link} rel="noopener noreferrer nofollow">
              {t('news.source', { host: hostOf(article.link) })}
            </a>
          </bdi>
        </span>
      )}
    </p>
  );
}

function Foot({ article }: { article: Article }) {
  const own = session.value?.pubkey === article.pubkey;
  return (
    <footer class="article__foot">
      {own && (
        <>
          <ButtonLink icon="edit" href={`${link('news', 'write')}?article=${encodeURIComponent(article.address)}`}>
            {t('news.correct')}
          </ButtonLink>
          <TakeBack area="news" remove={() => deleteArticle(article.address)} then={front} />
        </>
      )}
      <a class="small" href={`/news/${article.address}`}>
        {t('news.plain')}
      </a>
    </footer>
  );
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}
