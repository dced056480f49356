import { useMemo, useRef, useState } from 'preact/hooks';
import { formatDuration, formatSize, t } from '../../state/i18n';
import { online } from '../../state/node';
import { person } from '../../state/people';
import { session } from '../../state/session';
import type { Rendition, Video } from '../../state/types';
import { deleteVideo, downloadUrl, video as videoAt } from '../../state/videos';
import { Button, ButtonLink, Empty, Icon, Note, Page, Skeleton, Tabs, Time } from '../kit';
import { link } from '../router';
import { TakeBack } from '../TakeBack';
import './videos.css';

const grid = link('videos');

export function VideoPage({ address }: { address: string }) {
  const found = useMemo(() => videoAt(address), [address]).value;
  if (found === undefined) {
    return (
      <Page title={t('videos.title')} back={grid} width="wide">
        <Skeleton shape="cards" count={1} />
      </Page>
    );
  }
  if (found === null) {
    return (
      <Page title={t('videos.title')} back={grid}>
        <Empty icon="videos" title={t('videos.title')} action={<ButtonLink href={grid}>{t('common.back')}</ButtonLink>}>
          {t('videos.missing')}
        </Empty>
      </Page>
    );
  }
  return (
    <Page title={found.title} heading={t('videos.title')} back={grid}>
      <div class="watch">
        <Player video={found} />
        <div class="watch__words">
          <div lang={found.language}>
            <h2 class="watch__title" dir="auto">
              {found.title}
            </h2>
            {found.description && (
              <p class="watch__about" dir="auto">
                {found.description}
              </p>
            )}
          </div>
          <p class="watch__by">
            <bdi>{t('videos.by', { name: person(found.pubkey).name })}</bdi>
            {' · '}
            <bdi>
              <Time at={found.publishedAt} as="date" />
            </bdi>
            {' · '}
            <bdi>{t('videos.length', { duration: formatDuration(found.duration) })}</bdi>
          </p>
          <Downloads video={found} />
          <Foot video={found} />
        </div>
      </div>
    </Page>
  );
}

/** Plays the smallest rendition until the person asks for more: light and power are paid for. */
function Player({ video }: { video: Video }) {
  const player = useRef<HTMLVideoElement>(null);
  const [chosen, choose] = useState(video.renditions[0]?.sha256);
  const [failed, setFailed] = useState<'away' | 'unplayable' | null>(null);
  const source = video.renditions.find((r) => r.sha256 === chosen) ?? video.renditions[0];
  if (!source) return null;
  const change = (sha256: string) => {
    const element = player.current;
    const at = element ? element.currentTime : 0;
    const going = element !== null && !element.paused;
    setFailed(null);
    choose(sha256);
    // The new file begins where the old one stood.
    requestAnimationFrame(() => {
      if (!element || at === 0) return;
      element.currentTime = at;
      if (going) element.play().catch(() => undefined);
    });
  };
  return (
    <div class="watch__screen">
      <video
        ref={player}
        class="watch__player"
        src={source.url}
        poster={video.poster}
        controls
        playsInline
        preload="none"
        aria-label={video.title}
        onError={(event) => setFailed(lost(event.currentTarget) ? 'away' : 'unplayable')}
      />
      {failed === 'away' && (
        <Note
          kind="alarm"
          action={
            <Button
              icon="retry"
              onClick={() => {
                setFailed(null);
                player.current?.load();
                player.current?.play().catch(() => undefined);
              }}
            >
              {t('common.retry')}
            </Button>
          }
        >
          {t('error.offline')}
        </Note>
      )}
      {failed === 'unplayable' && <Note kind="alarm">{t('videos.playFailed')}</Note>}
      {video.renditions.length > 1 && (
        <Tabs
          label={t('videos.quality')}
          value={source.sha256}
          onChange={change}
          options={video.renditions.map((r) => ({ value: r.sha256, label: nameOf(video, r) }))}
        />
      )}
    </div>
  );
}

const NETWORK_ERROR = 2; // MediaError.MEDIA_ERR_NETWORK

/** Whether it is the way to the node that broke, and not the film. */
function lost(player: HTMLVideoElement): boolean {
  return !online.peek() || player.error?.code === NETWORK_ERROR;
}

function Downloads({ video }: { video: Video }) {
  return (
    <section class="downloads" aria-labelledby="downloads">
      <h3 id="downloads">{t('videos.download')}</h3>
      <p class="soft small">{t('videos.downloadHint')}</p>
      <ul role="list">
        {video.renditions.map((r) => (
          <li key={r.sha256}>
            <a class="downloads__one" href={downloadUrl(video, r)} download>
              <Icon name="download" />
              <span class="downloads__name">
                <span class="aside">{t('videos.download')} </span>
                {nameOf(video, r)}
              </span>{' '}
              <span class="downloads__size">{formatSize(r.size)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** "240p"; the file that was sent in is called the original. */
function nameOf(video: Video, r: Rendition): string {
  const original = video.renditions.length > 1 && r === video.renditions[video.renditions.length - 1] && r.height > 480;
  // Lines are a name, not a number to be written in the language's digits.
  return t(original ? 'videos.original' : 'videos.lines', { height: String(r.height) });
}

function Foot({ video }: { video: Video }) {
  const own = session.value?.pubkey === video.pubkey;
  return (
    <footer class="watch__foot">
      {own && <TakeBack area="videos" remove={() => deleteVideo(video.address)} then={grid} />}
      <a class="small" href={`/videos/${video.address}`}>
        {t('videos.plain')}
      </a>
    </footer>
  );
}
