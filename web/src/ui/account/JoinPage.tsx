import { useEffect, useState } from 'preact/hooks';
import { t } from '../../state/i18n';
import { checkInvite, join, session } from '../../state/session';
import { codeOf, type Role } from '../../state/types';
import { errorText } from '../errors';
import { Button, ButtonLink, ButtonRow, Check, Field, Note, Page, ProgressBar, Skeleton } from '../kit';
import { link, navigate, route } from '../router';
import { NewPassphrase } from './NewPassphrase';
import { inviteCode } from './passphrase';

/** `#/join/<code>`; without a code it asks for one. */
export default function JoinPage() {
  const code = route.value.parts[1];
  const [joining, setJoining] = useState(false);
  if (session.value && !joining) return <AlreadyIn />;
  return code ? <Join key={code} code={inviteCode(code)} onJoining={setJoining} /> : <AskCode />;
}

function AlreadyIn() {
  return (
    <Page title={t('account.join')} width="form">
      <Note
        title={t('account.alreadyIn', { name: session.value?.name || '' })}
        action={
          <ButtonRow>
            <ButtonLink kind="primary" href={link('messages')}>
              {t('common.messages')}
            </ButtonLink>
            <ButtonLink href={link('more')}>{t('common.more')}</ButtonLink>
          </ButtonRow>
        }
      >
        {t('account.alreadyInText')}
      </Note>
    </Page>
  );
}

function AskCode() {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState('');
  return (
    <Page title={t('account.join')} back="#/" width="form">
      <form
        class="stack--wide"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const code = inviteCode(text);
          if (code) navigate(link('join', code));
          else setProblem(t('account.codeEmpty'));
        }}
      >
        <p>{t('account.codeLead')}</p>
        <Field
          label={t('account.code')}
          hint={t('account.codeHint')}
          value={text}
          onInput={setText}
          error={problem}
          dir="ltr"
          exact
        />
        <Button kind="primary" type="submit" wide>
          {t('account.next')}
        </Button>
      </form>
    </Page>
  );
}

type Stage = 'key' | 'seal' | 'send';

// What each stage takes of the whole: nearly all of it is the sealing, slow so that guessing is slow.
const shares: Record<Stage, [from: number, to: number]> = { key: [0, 0.05], seal: [0.05, 0.9], send: [0.9, 1] };

function Join({ code, onJoining }: { code: string; onJoining: (joining: boolean) => void }) {
  const [invite, setInvite] = useState<{ role: Role; node: string } | null>(null);
  const [refused, setRefused] = useState<unknown>(null);
  const [step, setStep] = useState<'name' | 'passphrase' | 'working'>('name');
  const [name, setName] = useState('');
  const [nameProblem, setNameProblem] = useState('');
  const [stay, setStay] = useState(true);
  const [stage, setStage] = useState<{ name: Stage; progress: number }>({ name: 'key', progress: 0 });
  const [failed, setFailed] = useState<unknown>(null);
  // What the person has on paper by now: whatever goes wrong after that, it stays theirs.
  const [kept, setKept] = useState('');

  const check = () => {
    setRefused(null);
    checkInvite(code).then(setInvite, setRefused);
  };
  useEffect(check, [code]);

  const create = (passphrase: string) => {
    setFailed(null);
    setKept(passphrase);
    setStep('working');
    onJoining(true);
    const onStage = (s: Stage, progress?: number) => setStage({ name: s, progress: progress || 0 });
    join({ code, name: name.trim(), passphrase, stay, onStage }).then(
      () => navigate(link('card'), true),
      (error: unknown) => {
        onJoining(false);
        const what = codeOf(error);
        if (what === 'name-taken' || what === 'name-invalid') {
          setNameProblem(errorText(error));
          setStep('name');
        } else if (what.startsWith('invite-')) {
          setRefused(error);
        } else {
          if (what === 'passphrase-short') setKept('');
          setFailed(error);
          setStep('passphrase');
        }
      },
    );
  };

  if (refused) {
    const code = codeOf(refused);
    return (
      <Page title={t('account.join')} back="#/" width="form">
        <Note
          kind="alarm"
          title={errorText(refused)}
          action={
            code.startsWith('invite-') ? (
              <ButtonRow>
                {code === 'invite-used' && <ButtonLink href={link('login')}>{t('account.login')}</ButtonLink>}
                <ButtonLink href={link('join')}>{t('account.otherInvite')}</ButtonLink>
              </ButtonRow>
            ) : (
              <Button onClick={check}>{t('common.retry')}</Button>
            )
          }
        >
          {code === 'invite-used' && `${t('account.inviteUsed')} `}
          {code.startsWith('invite-') && t('account.inviteBad')}
        </Note>
      </Page>
    );
  }
  if (!invite) {
    return (
      <Page title={t('account.join')} back="#/" width="form">
        <Skeleton count={2} />
      </Page>
    );
  }
  if (step === 'working') {
    const [from, to] = shares[stage.name];
    return (
      <Page title={t('account.making')} width="form">
        <div class="stack">
          <ProgressBar label={t(`account.stage-${stage.name}`)} value={from + (to - from) * stage.progress} />
          <p class="soft">{t('account.makingText')}</p>
        </div>
      </Page>
    );
  }
  if (step === 'passphrase') {
    return (
      <Page title={t('account.yourPassphrase')} width="form">
        <div class="stack--wide">
          <p class="soft small">{t('account.step', { step: 2, steps: 2 })}</p>
          {failed !== null && (
            <Note
              kind="alarm"
              title={errorText(failed)}
              action={kept && <Button onClick={() => create(kept)}>{t('common.retry')}</Button>}
            >
              {t(kept ? 'account.joinKept' : 'account.joinNot')}
            </Note>
          )}
          {!kept && (
            <NewPassphrase done={t('account.create')} onDone={create}>
              <Check
                label={t('account.stay')}
                hint={t('account.stayHint')}
                checked={stay}
                onChange={setStay}
              />
            </NewPassphrase>
          )}
        </div>
      </Page>
    );
  }
  return (
    <Page title={t('account.joinNode', { node: invite.node })} back="#/" width="form">
      <form
        class="stack--wide"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const clean = name.trim();
          if (!clean) setNameProblem(t('account.nameEmpty'));
          else {
            setNameProblem('');
            if (kept) create(kept);
            else setStep('passphrase');
          }
        }}
      >
        <div class="stack">
          <p class="soft small">{t('account.step', { step: 1, steps: 2 })}</p>
          <p>{t(`account.invited-${invite.role}`, { node: invite.node })}</p>
        </div>
        <Field
          label={t('account.name')}
          hint={t('account.nameHint')}
          value={name}
          onInput={(value) => {
            setName(value);
            setNameProblem('');
          }}
          error={nameProblem}
          autocomplete="username"
          maxLength={40}
        />
        <ButtonRow>
          <Button kind="primary" type="submit">
            {t('account.next')}
          </Button>
        </ButtonRow>
      </form>
    </Page>
  );
}
