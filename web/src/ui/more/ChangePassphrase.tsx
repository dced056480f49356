import { useState } from 'preact/hooks';
import { t } from '../../state/i18n';
import { changePassphrase } from '../../state/session';
import { NewPassphrase } from '../account/NewPassphrase';
import { errorText } from '../errors';
import { ButtonLink, Note, Page, ProgressBar } from '../kit';

export function ChangePassphrase() {
  const [state, setState] = useState<'ask' | 'working' | 'done'>('ask');
  const [progress, setProgress] = useState(0);
  const [failed, setFailed] = useState('');
  const change = (passphrase: string) => {
    setFailed('');
    setProgress(0);
    setState('working');
    changePassphrase(passphrase, setProgress).then(
      () => setState('done'),
      (error: unknown) => {
        setFailed(errorText(error));
        setState('ask');
      },
    );
  };
  return (
    <Page title={t('more.passphrase')} back="#/more" backOnPhoneOnly width="form">
      {state === 'working' ? (
        <div class="stack">
          <ProgressBar label={t('account.stage-seal')} value={progress} />
          <p class="soft">{t('account.makingText')}</p>
        </div>
      ) : state === 'done' ? (
        <Note
          kind="done"
          title={t('more.passphraseDone')}
          action={<ButtonLink href="#/more">{t('common.back')}</ButtonLink>}
        >
          {t('more.passphraseDoneText')}
        </Note>
      ) : (
        <div class="stack--wide">
          {failed && (
            <Note kind="alarm" title={failed}>
              {t('more.passphraseKept')}
            </Note>
          )}
          <NewPassphrase done={t('more.passphraseSet')} onDone={change} />
        </div>
      )}
    </Page>
  );
}
