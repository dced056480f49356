import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { localBlobUrl } from '../../state/blobs';
import { language, languages, t } from '../../state/i18n';
import { article as articleAt, dropDraft, loadDraft, publishArticle, saveDraft } from '../../state/news';
import { sessionLoad } from '../../state/session';
import type { Article, ArticleDraft } from '../../state/types';
import { errorText } from '../errors';
import {
  Button, ButtonRow, Confirm, Empty, Field, FileButton, Note, Page, ProgressBar, Select, Skeleton, TextArea, toast,
} from '../kit';
import { link, navigate, route } from '../router';
import { usePictureUpload } from '../usePictureUpload';
import { ArticleBody } from './ArticleBody';
import { mayWrite } from '../mayWrite';
import { MarkdownBar } from './MarkdownBar';
import './news.css';

const DRAFT_DELAY_MS = 600;

/** `#/news/write`, or `#/news/write?article=<naddr>` to correct one. */
export default function ArticleEditor() {
  const address = route.value.query.get('article') ?? undefined;
  return <EditorAt key={address ?? 'new'} address={address} />;
}

function EditorAt({ address }: { address?: string }) {
  const title = t(address ? 'news.correctTitle' : 'news.writeTitle');
  const back = address ? link('news', address) : link('news');
  if (mayWrite()) return <Editor title={title} back={back} address={address} />;
  return (
    <Page title={title} back={back} width={sessionLoad.value === 'starting' ? 'reading' : 'full'}>
      {sessionLoad.value === 'starting' ? (
        <Skeleton shape="article" count={1} />
      ) : (
        <Empty icon="news" title={title}>
          {t('news.onlyEditors')}
        </Empty>
      )}
    </Page>
  );
}

function Editor({ title, back, address }: { title: string; back: string; address?: string }) {
  const found = useMemo(() => (address ? articleAt(address) : undefined), [address])?.value;
  const start = useDraft(address, found);
  if (start) return <EditorForm title={title} back={back} start={start.draft} kept={start.kept} />;
  return (
    <Page title={title} back={back} width={found === null ? 'full' : 'reading'}>
      {found === null ? (
        <Empty icon="news" title={title}>
          {t('news.missing')}
        </Empty>
      ) : (
        <Skeleton shape="article" count={1} />
      )}
    </Page>
  );
}

/** What the form begins with: the draft kept on this device, else the article as it stands, else nothing. */
function useDraft(address: string | undefined, found: Article | null | undefined) {
  const [start, setStart] = useState<{ draft: ArticleDraft; kept: boolean } | null>(null);
  const ready = address === undefined || Boolean(found);
  useEffect(() => {
    if (!ready) return;
    let gone = false;
    const fresh = found ? draftOf(found) : emptyDraft();
    loadDraft(found ? found.d : null)
      .catch(() => null)
      .then((kept) => {
        if (!gone) setStart(kept ? { draft: kept, kept: true } : { draft: fresh, kept: false });
      });
    return () => {
      gone = true;
    };
    // Only once: what is being written must not change under the hand when a newer version comes in.
  }, [ready]);
  return start;
}

function emptyDraft(): ArticleDraft {
  return { title: '', summary: '', content: '', language: language.peek() };
}

function draftOf(a: Article): ArticleDraft {
  return {
    d: a.d,
    title: a.title,
    summary: a.summary,
    content: a.content,
    image: a.image && new URL(a.image, location.href).href,
    language: a.language ?? language.peek(),
    section: a.section,
    publishedAt: a.publishedAt,
  };
}

function EditorForm({ title, back, start, kept }: { title: string; back: string; start: ArticleDraft; kept: boolean }) {
  const [draft, setDraft] = useState(start);
  const [preview, setPreview] = useState(false);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [asking, ask] = useState(false);
  const saving = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const latest = useRef(start);
  const key = start.d ?? null;

  const change = (part: Partial<ArticleDraft>) => {
    const next = { ...latest.current, ...part };
    latest.current = next;
    setDraft(next);
    clearTimeout(saving.current);
    saving.current = setTimeout(() => {
      saving.current = undefined;
      saveDraft(key, next).catch((error: unknown) => toast(errorText(error), 'alarm'));
    }, DRAFT_DELAY_MS);
  };
  useEffect(
    () => () => {
      // Leaving within the delay: keep what was typed.
      if (saving.current === undefined) return;
      clearTimeout(saving.current);
      saveDraft(key, latest.current).catch((error: unknown) => toast(errorText(error), 'alarm'));
    },
    [key],
  );

  const publish = () => {
    setTried(true);
    if (!draft.title.trim() || !draft.content.trim()) return;
    setBusy(true);
    setFailure(null);
    clearTimeout(saving.current);
    saving.current = undefined;
    publishArticle({ ...draft, title: draft.title.trim(), summary: draft.summary.trim() })
      .then(async (published) => {
        await dropDraft(key);
        toast(t('news.published'));
        navigate(link('news', published.address), true);
      })
      .catch((error: unknown) => {
        setFailure(error);
        setBusy(false);
      });
  };
  const discard = () => {
    clearTimeout(saving.current);
    saving.current = undefined;
    dropDraft(key).then(
      () => navigate(back, true),
      (error: unknown) => toast(errorText(error), 'alarm'),
    );
  };

  return (
    <Page
      title={title}
      back={back}
      width="reading"
      action={
        <Button kind="plain" icon={preview ? 'edit' : 'eye'} onClick={() => setPreview(!preview)}>
          {t(preview ? 'news.edit' : 'news.preview')}
        </Button>
      }
    >
      <div class="stack">
        {kept && !preview && <Note>{t('news.draftKept')}</Note>}
        {preview ? (
          <ArticleBody
            title={draft.title || t('news.fieldTitle')}
            content={draft.content}
            image={localBlobUrl(draft.image ?? '')}
            language={draft.language}
          />
        ) : (
          <EditorFields draft={draft} change={change} tried={tried} />
        )}
        {failure !== null && (
          <Note kind="alarm" title={errorText(failure)}>
            {t('news.draftKept')}
          </Note>
        )}
        <ButtonRow>
          <Button kind="primary" icon="send" busy={busy} onClick={publish}>
            {t(start.d ? 'news.publishCorrection' : 'news.publish')}
          </Button>
          <Button kind="plain" icon="trash" onClick={() => ask(true)}>
            {t('news.draftDrop')}
          </Button>
        </ButtonRow>
      </div>
      {asking && (
        <Confirm title={t('news.draftDropAsk')} confirm={t('news.draftDrop')} danger onConfirm={discard} onClose={() => ask(false)}>
          {t('news.draftDropText')}
        </Confirm>
      )}
    </Page>
  );
}

interface FieldsProps {
  draft: ArticleDraft;
  change: (part: Partial<ArticleDraft>) => void;
  /** Publishing was tried: what is missing is said. */
  tried: boolean;
}

function EditorFields({ draft, change, tried }: FieldsProps) {
  const area = useRef<HTMLTextAreaElement | null>(null);
  return (
    <>
      <Field
        label={t('news.fieldTitle')}
        value={draft.title}
        onInput={(value) => change({ title: value })}
        error={tried && !draft.title.trim() ? t('news.needTitle') : undefined}
        maxLength={200}
        required
      />
      <Field
        label={t('news.fieldSummary')}
        hint={t('news.fieldSummaryHint')}
        value={draft.summary}
        onInput={(value) => change({ summary: value })}
        maxLength={300}
      />
      <div class="editor__pair">
        <Select
          label={t('news.fieldLanguage')}
          value={draft.language}
          onChange={(value) => change({ language: value })}
          options={languages.map((l) => ({ value: l.code, label: l.name }))}
        />
        <Field
          label={t('news.fieldSection')}
          value={draft.section ?? ''}
          onInput={(value) => change({ section: value || undefined })}
          maxLength={40}
        />
      </div>
      <LeadPicture image={draft.image} onChange={(image) => change({ image })} />
      <div>
        <MarkdownBar area={area} value={draft.content} onChange={(content) => change({ content })} />
        <TextArea
          label={t('news.fieldText')}
          hint={t('news.fieldTextHint')}
          value={draft.content}
          onInput={(value) => change({ content: value })}
          error={tried && !draft.content.trim() ? t('news.needText') : undefined}
          rows={12}
          maxRows={40}
          maxLength={100_000}
          inputRef={area}
        />
      </div>
    </>
  );
}

function LeadPicture({ image, onChange }: { image?: string; onChange: (image?: string) => void }) {
  const { sending, failure, send } = usePictureUpload(({ url }) => onChange(url));
  const local = image && localBlobUrl(image);
  return (
    <section class="stack stack--tight" aria-label={t('news.picture')}>
      <p class="field__label" aria-hidden="true">
        {t('news.picture')}
      </p>
      {local && <img class="editor__picture" src={local} alt={t('news.pictureAlt')} />}
      {sending !== null && <ProgressBar label={t('news.pictureSending')} value={sending} />}
      {failure !== null && <Note kind="alarm" title={errorText(failure)} />}
      <ButtonRow>
        <FileButton icon="picture" accept="image/*" disabled={sending !== null} onFile={send}>
          {t(image ? 'news.pictureReplace' : 'news.pictureAdd')}
        </FileButton>
        {image && (
          <Button kind="plain" onClick={() => onChange(undefined)}>
            {t('news.pictureRemove')}
          </Button>
        )}
      </ButtonRow>
    </section>
  );
}
