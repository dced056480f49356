import { useState } from 'preact/hooks';
import { t } from '../../state/i18n';
import { conversations, inboxLoad } from '../../state/inbox';
import { findPeople, person } from '../../state/people';
import { cardState, session } from '../../state/session';
import type { Conversation } from '../../state/types';
import { Badge, ButtonLink, Empty, Field, IconButton, List, ListRow, Note, Page, Skeleton, Time } from '../kit';
import { link } from '../router';
import { ConversationPicture } from './ConversationPicture';
import { conversationName } from './names';
import { StateSign } from './StateSign';
import './ConversationList.css';

// From this many on, a search is of use.
const SEARCH_FROM = 6;

export function ConversationList({ chosen }: { chosen?: string }) {
  const [query, setQuery] = useState('');
  const all = conversations.value;
  const shown = query.trim() ? all.filter(matcher(query)) : all;
  return (
    <Page
      title={t('common.messages')}
      level={chosen === undefined ? 1 : 2}
      place="messages"
      action={<IconButton icon="compose" label={t('messages.new')} href={link('messages', 'new')} />}
      head={
        all.length >= SEARCH_FROM ? (
          <Field
            label={t('messages.search')}
            hideLabel
            type="search"
            placeholder={t('messages.search')}
            value={query}
            onInput={setQuery}
          />
        ) : undefined
      }
    >
      <CardReminder />
      {inboxLoad.value === 'failed' && all.length === 0 ? (
        <Empty icon="alert" title={t('messages.listFailed')}>
          {t('messages.listFailedText')}
        </Empty>
      ) : inboxLoad.value === 'loading' && all.length === 0 ? (
        <Skeleton />
      ) : all.length === 0 ? (
        <Empty
          icon="messages"
          title={t('messages.empty')}
          action={
            <ButtonLink kind="primary" icon="compose" href={link('messages', 'new')}>
              {t('messages.new')}
            </ButtonLink>
          }
        >
          {t('messages.emptyText')}
        </Empty>
      ) : shown.length === 0 ? (
        <Empty icon="search" title={t('common.nothingFound', { query: query.trim() })} />
      ) : (
        <List label={t('messages.conversations')}>
          {shown.map((one) => (
            <Row key={one.id} one={one} current={one.id === chosen} />
          ))}
        </List>
      )}
    </Page>
  );
}

function Row({ one, current }: { one: Conversation; current: boolean }) {
  const last = one.last;
  return (
    <ListRow
      href={link('messages', one.id)}
      picture={<ConversationPicture people={one.people} />}
      title={conversationName(one.people, one.subject)}
      detail={
        last && (
          <>
            {last.mine && last.state !== 'sent' && <StateSign state={last.state} />}
            {preview(one)}
          </>
        )
      }
      end={last && <Time at={last.at} />}
      endBelow={<Badge count={one.unread} label={t('common.unread', { count: one.unread })} />}
      strong={one.unread > 0}
      current={current}
    />
  );
}

/** The last words, with who said them where that is not plain. */
function preview({ last, people }: Conversation): string {
  if (!last) return '';
  const text = isolated(last.text.replace(/\s+/g, ' ').slice(0, 200));
  if (last.mine) return t('messages.youSaid', { text });
  return people.length > 1 ? t('messages.said', { name: isolated(person(last.author).name), text }) : text;
}

/** A text of its own direction inside a line of ours: first-strong isolate, and its end. */
function isolated(text: string): string {
  return `\u2068${text}\u2069`;
}

/** Conversations with someone so named, or whose last words hold it. */
function matcher(query: string): (one: Conversation) => boolean {
  const found = new Set(findPeople(query).map((p) => p.pubkey));
  const text = query.trim().toLowerCase();
  return (one) =>
    one.people.some((key) => found.has(key)) ||
    conversationName(one.people, one.subject).toLowerCase().includes(text) ||
    (one.last !== undefined && one.last.text.toLowerCase().includes(text));
}

/** Until the recovery card is safe, its owner is asked for it once more. */
function CardReminder() {
  if (!session.value || cardState.value === 'done') return null;
  return (
    <div class="card-reminder">
      <Note title={t('account.remindTitle')} action={<ButtonLink href={link('card')}>{t('account.remindShow')}</ButtonLink>}>
        {t('account.remindText')}
      </Note>
    </div>
  );
}
