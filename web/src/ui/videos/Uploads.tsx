import { formatNumber, formatSize, t } from '../../state/i18n';
import type { UploadStage, VideoUpload } from '../../state/types';
import { dismissUpload, retryUpload, stopUpload, uploads } from '../../state/videos';
import { errorText } from '../errors';
import { Button, ButtonLink, ButtonRow, Note, ProgressBar } from '../kit';
import { link } from '../router';
import './videos.css';

/** Videos on their way: what is being done, how much of it, and a way to stop. */
export function Uploads() {
  return (
    <section class="uploads" aria-labelledby="uploads">
      <h2 id="uploads">{t('videos.uploads')}</h2>
      <ul role="list">
        {uploads.value.map((upload) => (
          <li key={upload.id} class="uploads__one">
            <Upload upload={upload} />
          </li>
        ))}
      </ul>
    </section>
  );
}

const stageKeys: Record<UploadStage, string> = {
  hashing: 'videos.stageHashing',
  uploading: 'videos.stageUploading',
  queued: 'videos.stageQueued',
  processing: 'videos.stageProcessing',
  ready: 'videos.stageReady',
  publishing: 'videos.stagePublishing',
  done: 'videos.stageDone',
  failed: 'videos.stageFailed',
  stopped: 'videos.stageStopped',
};

function Upload({ upload }: { upload: VideoUpload }) {
  const { stage } = upload;
  return (
    <>
      <p class="uploads__title">
        <bdi>{upload.title}</bdi>
      </p>
      {stage === 'done' && (
        <Note kind="done" title={t(stageKeys.done)} action={<Done upload={upload} />}>
          {null}
        </Note>
      )}
      {(stage === 'failed' || stage === 'stopped') && (
        <Note
          kind={stage === 'failed' ? 'alarm' : 'info'}
          title={t(stageKeys[stage], { reason: errorText(upload.error ?? 'unexpected') })}
          action={<Again upload={upload} />}
        >
          {upload.lost && t('videos.lost')}
        </Note>
      )}
      {stage !== 'done' && stage !== 'failed' && stage !== 'stopped' && <Going upload={upload} />}
    </>
  );
}

function Going({ upload }: { upload: VideoUpload }) {
  const { stage, progress, size } = upload;
  const sending = stage === 'hashing' || stage === 'uploading';
  const measured = sending || stage === 'processing';
  return (
    <>
      <ProgressBar
        label={t(stageKeys[stage])}
        value={measured ? progress : undefined}
        detail={
          stage === 'uploading'
            ? `${formatSize(progress * size)} / ${formatSize(size)}`
            : measured
              ? formatNumber(progress, { style: 'percent' })
              : undefined
        }
        onStop={() => stopUpload(upload.id)}
      />
      <p class="soft small">{t(sending ? 'videos.keepOpen' : 'videos.mayClose')}</p>
    </>
  );
}

function Done({ upload }: { upload: VideoUpload }) {
  return (
    <ButtonRow>
      {upload.result && (
        <ButtonLink icon="play" href={link('videos', upload.result.address)}>
          {t('videos.watch')}
        </ButtonLink>
      )}
      <Button kind="plain" onClick={() => dismissUpload(upload.id)}>
        {t('videos.dismiss')}
      </Button>
    </ButtonRow>
  );
}

function Again({ upload }: { upload: VideoUpload }) {
  return (
    <ButtonRow>
      {upload.lost ? (
        <ButtonLink icon="plus" href={link('videos', 'add')}>
          {t('videos.addTitle')}
        </ButtonLink>
      ) : (
        <Button icon="retry" onClick={() => retryUpload(upload.id)}>
          {t('videos.retry')}
        </Button>
      )}
      <Button kind="plain" onClick={() => dismissUpload(upload.id)}>
        {t('videos.dismiss')}
      </Button>
    </ButtonRow>
  );
}
