import { useRef, useState } from 'preact/hooks';
import { formatSize, language, languages, t } from '../../state/i18n';
import { node } from '../../state/node';
import { startVideoUpload, uploads } from '../../state/videos';
import { errorText } from '../errors';
import { Button, Empty, Field, FieldBox, Note, Page, Select, TextArea, tied, toast } from '../kit';
import { mayWrite } from '../mayWrite';
import { link, navigate } from '../router';
import { Uploads } from './Uploads';
import './videos.css';

const grid = link('videos');

/** Asks for a file and its title; the rest goes on by itself, and shows above the grid. */
export function AddVideo() {
  const title = t('videos.addTitle');
  if (!mayWrite()) {
    return (
      <Page title={title} back={grid}>
        <Empty icon="videos" title={title}>
          {t('videos.onlyEditors')}
        </Empty>
      </Page>
    );
  }
  return (
    <Page title={title} back={grid} width="form">
      <div class="stack">
        {uploads.value.length > 0 && <Uploads />}
        {node.value && !node.value.video && <Note kind="alarm">{t('videos.noTool')}</Note>}
        <AddForm most={node.value?.editorUploadMax} />
      </div>
    </Page>
  );
}

function AddForm({ most }: { most?: number }) {
  const [file, setFile] = useState<File | null>(null);
  const [name, setName] = useState('');
  const [about, setAbout] = useState('');
  const [spoken, setSpoken] = useState(language.peek());
  const [tried, setTried] = useState(false);
  const tooLarge = file !== null && most !== undefined && file.size > most;
  const start = () => {
    setTried(true);
    if (!file || tooLarge || !name.trim()) return;
    try {
      startVideoUpload(file, { title: name.trim(), description: about.trim(), language: spoken });
      navigate(grid, true);
    } catch (error) {
      toast(errorText(error), 'alarm');
    }
  };
  return (
    <form
      class="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        start();
      }}
    >
      <FileField
        file={file}
        hint={most === undefined ? undefined : t('videos.fileHint', { size: formatSize(most) })}
        error={
          tooLarge && most !== undefined
            ? t('videos.tooLarge', { size: formatSize(most) })
            : tried && !file
              ? t('videos.needFile')
              : undefined
        }
        onFile={(chosen) => {
          setFile(chosen);
          if (!name) setName(chosen.name.replace(/\.[^.]*$/, '').replace(/[_]+/g, ' '));
        }}
      />
      <Field
        label={t('videos.fieldTitle')}
        value={name}
        onInput={setName}
        error={tried && !name.trim() ? t('videos.needTitle') : undefined}
        maxLength={200}
        required
      />
      <TextArea label={t('videos.fieldDescription')} value={about} onInput={setAbout} rows={3} maxLength={5000} />
      <Select
        label={t('videos.fieldLanguage')}
        value={spoken}
        onChange={setSpoken}
        options={languages.map((l) => ({ value: l.code, label: l.name }))}
      />
      <Button kind="primary" type="submit" icon="upload" wide>
        {t('videos.start')}
      </Button>
    </form>
  );
}

interface FileFieldProps {
  file: File | null;
  hint?: string;
  error?: string;
  onFile: (file: File) => void;
}

function FileField({ file, hint, error, onFile }: FileFieldProps) {
  const input = useRef<HTMLInputElement>(null);
  const id = 'video-file';
  return (
    <FieldBox label={t('videos.file')} hint={hint} error={error} inputId={id}>
      <div class="file-field">
        <Button icon="videos" onClick={() => input.current?.click()}>
          {t(file ? 'videos.fileChange' : 'videos.fileChoose')}
        </Button>
        {file && (
          <span class="file-field__name">
            <bdi>{file.name}</bdi> <span class="soft">{formatSize(file.size)}</span>
          </span>
        )}
      </div>
      <input
        ref={input}
        id={id}
        class="aside"
        tabIndex={-1}
        type="file"
        accept="video/*"
        onChange={(event) => {
          const chosen = event.currentTarget.files?.[0];
          if (chosen) onFile(chosen);
        }}
        {...tied(id, { hint, error })}
      />
    </FieldBox>
  );
}
