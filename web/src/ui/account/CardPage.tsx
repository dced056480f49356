import { useEffect, useState } from 'preact/hooks';
import { language, t } from '../../state/i18n';
import { node } from '../../state/node';
import { cardState, confirmCard, recoveryCard, session, setCardDone, skipCard } from '../../state/session';
import { errorText } from '../errors';
import { Button, ButtonRow, Confirm, Field, Note, Page, Qr, Skeleton, toast } from '../kit';
import { link, navigate, route } from '../router';
import './CardPage.css';

interface Card {
  words: string[];
  nsec: string;
  npub: string;
}

/** The recovery card: shown after joining, and again from More (`#/card?from=more`). */
export default function CardPage() {
  const [card, setCard] = useState<Card | null>(null);
  const [failed, setFailed] = useState<unknown>(null);
  const [step, setStep] = useState<'card' | 'check' | 'later'>('card');
  const fromMore = route.value.query.get('from') === 'more';
  const confirmed = cardState.value === 'done';

  const show = () => {
    setFailed(null);
    recoveryCard().then(setCard, setFailed);
  };
  useEffect(show, []);
  const leave = () => navigate(fromMore ? link('more') : link('messages'), true);
  const back = fromMore ? link('more') : undefined;

  if (failed) {
    return (
      <Page title={t('account.card')} back={back || link('messages')} width="form">
        <Note kind="alarm" title={errorText(failed)} action={<Button onClick={show}>{t('common.retry')}</Button>} />
      </Page>
    );
  }
  if (!card) {
    return (
      <Page title={t('account.card')} back={back} width="form">
        <Skeleton count={4} />
      </Page>
    );
  }
  if (step === 'check') {
    return <CheckCard words={card.words} onBack={() => setStep('card')} onDone={leave} />;
  }
  return (
    <Page title={t('account.card')} back={back} width="form">
      <div class="stack--wide">
        <p class="no-print">{t('account.cardLead')}</p>
        <CardSheet card={card} />
        <Note>{t('account.cardSecret')}</Note>
        <div class="no-print">
          <ButtonRow>
            {!confirmed && (
              <Button kind="primary" onClick={() => setStep('check')}>
                {t('account.cardWritten')}
              </Button>
            )}
            <Button icon="print" onClick={() => window.print()}>
              {t('common.print')}
            </Button>
            {!confirmed && (
              <Button kind="plain" onClick={() => setStep('later')}>
                {t('account.later')}
              </Button>
            )}
          </ButtonRow>
        </div>
      </div>
      {step === 'later' && (
        <Confirm
          title={t('account.laterTitle')}
          confirm={t('account.laterSkip')}
          danger
          onConfirm={() => {
            skipCard();
            leave();
          }}
          onClose={() => setStep('card')}
        >
          <p>{t('account.laterText')}</p>
        </Confirm>
      )}
    </Page>
  );
}

/** What goes on paper. */
export function CardSheet({ card }: { card: Card }) {
  return (
    <section class="card-sheet" aria-label={t('account.card')}>
      <header class="card-sheet__head">
        <p class="card-sheet__name">
          <bdi>{session.value?.name}</bdi>
        </p>
        <p class="card-sheet__place">
          <bdi>{node.value?.name}</bdi> · <bdi dir="ltr">{location.origin}</bdi>
        </p>
      </header>
      <ol class="card-sheet__words" dir="ltr" lang={language.value === 'ko' ? 'ko' : 'en'} translate={false} aria-label={t('account.cardWordsList')}>
        {card.words.map((word, i) => (
          <li key={i} class="card-sheet__word">
            {word.normalize('NFC')}
          </li>
        ))}
      </ol>
      <Qr text={card.nsec} label={t('account.cardQr')} />
      <p class="card-sheet__foot">{t('account.cardFoot')}</p>
    </section>
  );
}

/** Two of the words, asked by their numbers. */
export function CheckCard(p: { words: string[]; onBack: () => void; onDone: () => void }) {
  const [asked] = useState(() => twoOf(p.words.length));
  const [given, setGiven] = useState(['', '']);
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const check = (event: Event) => {
    event.preventDefault();
    setProblem('');
    setBusy(true);
    const answers = asked.map((index, i) => ({ index, word: (given[i] || '').trim().toLowerCase() }));
    confirmCard(answers)
      .then(
        (right) => {
          if (!right) {
            setProblem(t('account.cardWrong'));
            return;
          }
          setCardDone();
          toast(t('account.cardRight'));
          p.onDone();
        },
        (error: unknown) => setProblem(errorText(error)),
      )
      .then(() => setBusy(false));
  };
  return (
    <Page title={t('account.cardCheck')} width="form">
      <form class="stack--wide" onSubmit={check} noValidate>
        <p>{t('account.cardCheckText')}</p>
        {asked.map((index, i) => (
          <Field
            key={index}
            label={t('account.cardWordN', { n: index + 1 })}
            value={given[i] || ''}
            onInput={(value) => setGiven(given.map((old, j) => (j === i ? value : old)))}
            error={i === asked.length - 1 ? problem : undefined}
            dir="ltr"
            exact
          />
        ))}
        <ButtonRow>
          <Button kind="primary" type="submit" busy={busy}>
            {t('account.cardCompare')}
          </Button>
          <Button kind="plain" onClick={p.onBack}>
            {t('account.cardAgain')}
          </Button>
        </ButtonRow>
      </form>
    </Page>
  );
}

/** Two different places, in order. */
function twoOf(count: number): [number, number] {
  const first = Math.floor(Math.random() * count);
  const second = (first + 1 + Math.floor(Math.random() * (count - 1))) % count;
  return first < second ? [first, second] : [second, first];
}
