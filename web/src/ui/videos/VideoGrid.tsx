import { useState } from 'preact/hooks';
import { formatDuration, formatSize, t } from '../../state/i18n';
import { person } from '../../state/people';
import type { Video } from '../../state/types';
import { loadMoreVideos, moreVideos, uploads, videos, videosLoad } from '../../state/videos';
import { directionOf } from '../direction';
import { ButtonLink, Empty, Icon, IconButton, Note, Page, Skeleton, Time } from '../kit';
import { LoadMore } from '../LoadMore';
import { mayWrite } from '../mayWrite';
import { link } from '../router';
import { Uploads } from './Uploads';
import './videos.css';

export const addVideo = link('videos', 'add');

/** Posters in a grid; length and smallest size stand on each, so that nobody is surprised by a download. */
export function VideoGrid() {
  const all = videos.value;
  const load = videosLoad.value;
  const adds = mayWrite();
  return (
    <Page
      title={t('videos.title')}
      width="wide"
      action={adds && <IconButton icon="plus" label={t('videos.addTitle')} href={addVideo} />}
    >
      {adds && uploads.value.length > 0 && <Uploads />}
      {load === 'failed' && <Note kind="alarm" title={t('videos.failed')} />}
      {load === 'loading' && all.length === 0 && <Skeleton shape="cards" count={6} />}
      {load !== 'loading' && all.length === 0 && (
        <Empty
          icon="videos"
          title={t('videos.emptyTitle')}
          action={
            adds && (
              <ButtonLink kind="primary" icon="plus" href={addVideo}>
                {t('videos.addTitle')}
              </ButtonLink>
            )
          }
        >
          {t(adds ? 'videos.emptyEditor' : 'videos.empty')}
        </Empty>
      )}
      <ul class="films" role="list">
        {all.map((video) => (
          <li key={video.address}>
            <Film video={video} />
          </li>
        ))}
      </ul>
      {all.length > 0 && moreVideos.value && <LoadMore load={loadMoreVideos}>{t('videos.more')}</LoadMore>}
    </Page>
  );
}

function Film({ video }: { video: Video }) {
  const smallest = video.renditions[0];
  return (
    <article lang={video.language}>
      <a class="film" href={link('videos', video.address)}>
        <span class="film__poster">
          <Poster source={video.poster} />
          <span class="film__shade">
            <span class="film__facts">
              <span>{formatDuration(video.duration)}</span>
              {smallest && <span>{formatSize(smallest.size)}</span>}
            </span>
          </span>
        </span>
        <h2 class="film__title" dir={directionOf(video.language)}>
          {video.title}
        </h2>
      </a>
      <p class="film__by">
        <bdi>{person(video.pubkey).name}</bdi> · <Time at={video.publishedAt} as="short" />
      </p>
    </article>
  );
}

function Poster({ source }: { source?: string }) {
  const [broken, setBroken] = useState('');
  if (!source || broken === source) return <Icon name="videos" size={36} />;
  return <img class="film__picture" src={source} alt="" loading="lazy" decoding="async" onError={() => setBroken(source)} />;
}
