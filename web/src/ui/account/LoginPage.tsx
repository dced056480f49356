import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../../state/i18n';
import { login, loginWithCard, session } from '../../state/session';
import { errorText } from '../errors';
import { Button, Check, Field, FileButton, Note, Page, ProgressBar, Tabs, TextArea } from '../kit';
import { link, navigate } from '../router';
import { readQr } from './readQr';

export default function LoginPage() {
  const [way, setWay] = useState<'passphrase' | 'card'>('passphrase');
  const [stay, setStay] = useState(true);
  const [progress, setProgress] = useState<number | null>(null);
  const [failed, setFailed] = useState<unknown>(null);

  const run = (work: Promise<void>) => {
    setFailed(null);
    setProgress(0);
    work.then(
      () => navigate(link('messages'), true),
      (error: unknown) => {
        setProgress(null);
        setFailed(error);
      },
    );
  };
  const busy = progress !== null;
  const foot = (
    <>
      <Check label={t('account.stay')} hint={t('account.stayHint')} checked={stay} onChange={setStay} disabled={busy} />
      {failed !== null && (
        <Note kind="alarm" title={errorText(failed)}>
          {t(way === 'card' ? 'account.cardFailed' : 'account.loginFailed')}
        </Note>
      )}
      <Button kind="primary" type="submit" wide busy={busy}>
        {t('account.login')}
      </Button>
      {busy && <ProgressBar label={t('account.opening')} value={progress || undefined} />}
    </>
  );
  return (
    <Page title={t('account.login')} back="#/" width="form">
      <div class="stack--wide">
        {session.value && <Note>{t('account.alreadyIn', { name: session.value.name })}</Note>}
        <Tabs
          label={t('account.loginWay')}
          value={way}
          onChange={(value) => {
            setFailed(null);
            setWay(value);
          }}
          options={[
            { value: 'passphrase', label: t('account.withPassphrase') },
            { value: 'card', label: t('account.withCard') },
          ]}
        />
        {way === 'passphrase' ? (
          <PassphraseForm foot={foot} busy={busy} onLogin={(a) => run(login({ ...a, stay, onProgress: setProgress }))} />
        ) : (
          <CardForm foot={foot} busy={busy} onLogin={(secret) => run(loginWithCard({ secret, stay }))} />
        )}
      </div>
    </Page>
  );
}

interface FormProps<T> {
  foot: ComponentChildren;
  busy: boolean;
  onLogin: (what: T) => void;
}

function PassphraseForm({ foot, busy, onLogin }: FormProps<{ name: string; passphrase: string }>) {
  const [name, setName] = useState('');
  const [passphrase, setPassphrase] = useState('');
  const [told, tell] = useState(false);
  return (
    <form
      class="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (busy) return;
        tell(true);
        if (name.trim() && passphrase.trim()) onLogin({ name: name.trim(), passphrase });
      }}
    >
      <Field
        label={t('account.name')}
        value={name}
        onInput={setName}
        autocomplete="username"
        error={told && !name.trim() ? t('account.nameEmpty') : undefined}
        exact
      />
      <Field
        label={t('account.passphrase')}
        value={passphrase}
        onInput={setPassphrase}
        type="password"
        autocomplete="current-password"
        error={told && !passphrase.trim() ? t('account.passphraseEmpty') : undefined}
      />
      {foot}
    </form>
  );
}

function CardForm({ foot, busy, onLogin }: FormProps<string>) {
  const [secret, setSecret] = useState('');
  const [problem, setProblem] = useState('');
  const [reading, setReading] = useState(false);

  const read = (file: File) => {
    setReading(true);
    setProblem('');
    readQr(file)
      .then(setSecret, () => setProblem(t('account.qrUnread')))
      .then(() => setReading(false));
  };
  return (
    <form
      class="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (busy) return;
        const clean = secret.trim();
        setProblem(clean ? '' : t('account.cardEmpty'));
        if (clean) onLogin(clean);
      }}
    >
      <TextArea
        label={t('account.cardWords')}
        hint={t('account.cardWordsHint')}
        value={secret}
        onInput={(value) => {
          setSecret(value);
          setProblem('');
        }}
        error={problem}
        rows={4}
      />
      <FileButton icon="camera" accept="image/*" camera busy={reading} onFile={read}>
        {t('account.photograph')}
      </FileButton>
      {foot}
    </form>
  );
}
