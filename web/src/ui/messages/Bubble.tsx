import { useState } from 'preact/hooks';
import { hasText, t } from '../../state/i18n';
import { discard, resend } from '../../state/inbox';
import { person } from '../../state/people';
import type { Message } from '../../state/types';
import { errorText } from '../errors';
import { Button, Confirm, Time, toast } from '../kit';
import { link } from '../router';
import { linked } from './linked';
import { StateSign } from './StateSign';
import './Bubble.css';

export interface BubbleProps {
  message: Message;
  /** Says who wrote it: in a group, at the first of a run. */
  named: boolean;
  /** Comes right after one of the same author. */
  follows: boolean;
}

export function Bubble({ message, named, follows }: BubbleProps) {
  const who = person(message.author).name;
  return (
    <li class={`bubble-line${message.mine ? ' bubble-line--mine' : ''}${follows ? ' bubble-line--follows' : ''}`}>
      <div class={`bubble bubble--${message.mine ? 'mine' : 'theirs'}`}>
        {named ? (
          <a class="bubble__author" href={link('people', message.author)} dir="auto">
            {who}
          </a>
        ) : (
          <span class="aside">{message.mine ? t('common.you') : who}: </span>
        )}
        <p class="bubble__text" dir="auto">
          {linked(message.text)}
        </p>
        <p class="bubble__foot">
          <Time at={message.at} as="time" />
          {message.mine && <StateSign state={message.state} />}
        </p>
      </div>
      {message.state === 'failed' && <Failed message={message} />}
    </li>
  );
}

/** What became of it, and the two ways on. */
function Failed({ message }: { message: Message }) {
  const [asking, ask] = useState(false);
  const run = (work: Promise<void>) => work.catch((error: unknown) => toast(errorText(error), 'alarm'));
  const known = message.error !== undefined && hasText(`error.${message.error}`);
  return (
    <div class="bubble-failed" role="group" aria-label={t('messages.failedOne')}>
      <p class="bubble-failed__why">
        {t('messages.failedOne')} {known && errorText(message.error)}
      </p>
      <div class="bubble-failed__ways">
        <Button icon="retry" onClick={() => void run(resend(message.conversation, message.id))}>
          {t('messages.resend')}
        </Button>
        <Button kind="plain" onClick={() => ask(true)}>
          {t('messages.discard')}
        </Button>
      </div>
      {asking && (
        <Confirm
          title={t('messages.discardTitle')}
          confirm={t('messages.discard')}
          danger
          onConfirm={() => {
            ask(false);
            void run(discard(message.conversation, message.id));
          }}
          onClose={() => ask(false)}
        >
          <p>{t('messages.discardText')}</p>
        </Confirm>
      )}
    </div>
  );
}
