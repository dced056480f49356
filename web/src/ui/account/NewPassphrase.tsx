import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { language, t } from '../../state/i18n';
import { generatePassphrase } from '../../state/session';
import { errorText } from '../errors';
import { Button, ButtonRow, Field, Note, Skeleton } from '../kit';
import { normalisePassphrase, passphraseProblem } from './passphrase';
import { PassphraseWords } from './PassphraseWords';

/**
 * Two steps that end in a passphrase which the person has on paper: one is offered or chosen, then it is shown that it
 * was written down (the last word of an offered one, the whole of one's own).
 */
export function NewPassphrase({
  onDone,
  done,
  children,
}: {
  onDone: (passphrase: string) => void;
  /** The word on the last button. */
  done: string;
  /** Further questions on the last step. */
  children?: ComponentChildren;
}) {
  const [step, setStep] = useState<'choose' | 'confirm'>('choose');
  const [own, setOwn] = useState(false);
  const [offered, setOffered] = useState('');
  const [typed, setTyped] = useState('');
  const [again, setAgain] = useState('');
  const [problem, setProblem] = useState('');
  const [failed, setFailed] = useState<unknown>(null);

  const another = () => {
    setFailed(null);
    generatePassphrase().then(setOffered, setFailed);
  };
  useEffect(another, [language.value]);

  const passphrase = normalisePassphrase(own ? typed : offered);
  const words = passphrase.split(' ');
  const last = words[words.length - 1] || '';

  const choose = (event: Event) => {
    event.preventDefault();
    const wrong = own ? passphraseProblem(typed) : null;
    setProblem(wrong ? t(wrong) : '');
    if (wrong || passphrase === '') return;
    setAgain('');
    setStep('confirm');
  };
  const confirm = (event: Event) => {
    event.preventDefault();
    const given = normalisePassphrase(again);
    const right = own ? given === passphrase : given.toLowerCase() === last || given.toLowerCase() === passphrase;
    setProblem(right ? '' : t(own ? 'account.againWrong' : 'account.lastWordWrong'));
    if (right) onDone(passphrase);
  };

  if (step === 'confirm') {
    return (
      <form class="stack--wide" onSubmit={confirm} noValidate>
        <div class="stack">
          <Field
            label={t(own ? 'account.againLabel' : 'account.lastWordLabel')}
            hint={t(own ? 'account.againHint' : 'account.lastWordHint')}
            type={own ? 'password' : 'text'}
            autocomplete={own ? 'new-password' : 'off'}
            value={again}
            onInput={setAgain}
            error={problem}
            exact
          />
          {children}
        </div>
        <ButtonRow>
          <Button kind="primary" type="submit">
            {done}
          </Button>
          <Button
            kind="plain"
            onClick={() => {
              setProblem('');
              setStep('choose');
            }}
          >
            {t('account.lookAgain')}
          </Button>
        </ButtonRow>
      </form>
    );
  }
  return (
    <form class="stack--wide" onSubmit={choose} noValidate>
      <p>{t('account.passphraseWhy')}</p>
      {own ? (
        <Field
          label={t('account.ownLabel')}
          hint={t('account.ownHint')}
          type="password"
          autocomplete="new-password"
          value={typed}
          onInput={(value) => {
            setTyped(value);
            setProblem('');
          }}
          error={problem}
        />
      ) : failed ? (
        <Note kind="alarm" title={errorText(failed)} action={<Button onClick={another}>{t('common.retry')}</Button>} />
      ) : offered ? (
        <div class="stack">
          <PassphraseWords text={passphrase} label={t('account.passphrase')} />
          <Button kind="quiet" icon="dice" onClick={another}>
            {t('account.another')}
          </Button>
        </div>
      ) : (
        <Skeleton count={2} />
      )}
      <Note>{t('account.writeDown')}</Note>
      <ButtonRow>
        <Button kind="primary" type="submit" disabled={!own && !offered}>
          {t(own ? 'account.next' : 'account.wroteIt')}
        </Button>
        <Button
          kind="plain"
          onClick={() => {
            setProblem('');
            setOwn(!own);
          }}
        >
          {t(own ? 'account.takeOffered' : 'account.chooseOwn')}
        </Button>
      </ButtonRow>
    </form>
  );
}
