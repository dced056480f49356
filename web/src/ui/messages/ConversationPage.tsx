import type { ComponentChild } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { t } from '../../state/i18n';
import { conversations, inboxLoad, loadOlder, markRead, messagesOf, moreMessages } from '../../state/inbox';
import { person } from '../../state/people';
import type { Message } from '../../state/types';
import { errorText } from '../errors';
import { announce, Empty, IconButton, Page, sameDay, Skeleton, Time, toast } from '../kit';
import { link } from '../router';
import { Bubble } from './Bubble';
import { Composer } from './Composer';
import { conversationName, isNotes, peopleOf } from './names';
import './ConversationPage.css';

// How near the end still counts as reading the end, and how near the start asks for older ones, in pixels.
const NEAR_END = 80;
const NEAR_START = 300;

export function ConversationPage({ id }: { id: string }) {
  const known = conversations.value.find((one) => one.id === id);
  const people = known ? known.people : peopleOf(id);
  const messages = messagesOf(id).value;
  // Where unread began is settled once, when both the count and the messages are there, and stays while one reads.
  const mark = useRef<string | null | undefined>(undefined);
  if (mark.current === undefined && known && messages.length > 0) mark.current = firstUnread(messages, known.unread);
  const unread = mark.current;
  const scroller = useRef<HTMLDivElement>(null);
  const place = usePlace(id, messages, scroller, unread);
  useReading(id, messages, place.atEnd && (unread !== undefined || !known));
  const name = conversationName(people, known && known.subject);
  const one = people.length === 1 ? people[0] : undefined;
  return (
    <Page
      title={name}
      back="#/messages"
      backOnPhoneOnly
      action={
        one && !isNotes(people) ? (
          <IconButton icon="info" label={t('messages.about', { name })} href={link('people', one)} />
        ) : undefined
      }
      scrollRef={scroller}
      onScroll={place.onScroll}
      ownScroll
      readable
      foot={<Composer id={id} onSent={place.toEnd} />}
    >
      {messages.length === 0 ? (
        inboxLoad.value === 'loading' ? (
          <Skeleton shape="bubbles" count={4} />
        ) : (
          <Empty icon="messages" title={isNotes(people) ? t('messages.notes') : t('messages.first', { name })}>
            {isNotes(people) ? t('messages.notesText') : t('messages.firstText')}
          </Empty>
        )
      ) : (
        <Messages messages={messages} group={people.length > 1} unread={unread} />
      )}
      {place.below > 0 && (
        <button type="button" class="conversation__below" onClick={place.toEnd}>
          {t('messages.below', { count: place.below })}
        </button>
      )}
    </Page>
  );
}

function Messages({ messages, group, unread }: { messages: Message[]; group: boolean; unread?: string | null }) {
  const items: ComponentChild[] = [];
  messages.forEach((message, i) => {
    const before = messages[i - 1];
    const newDay = !before || !sameDay(before.at, message.at);
    if (newDay) {
      items.push(
        <li key={`day-${message.id}`} class="conversation__day">
          <Time at={message.at} as="day" />
        </li>,
      );
    }
    const startsUnread = message.id === unread;
    if (startsUnread) {
      items.push(
        <li key="unread" class="conversation__unread">
          <span>{t('messages.unreadBegins')}</span>
        </li>,
      );
    }
    const follows = !newDay && !startsUnread && before && before.author === message.author && message.at - before.at < 300;
    items.push(<Bubble key={message.id} message={message} named={group && !message.mine && !follows} follows={!!follows} />);
  });
  return (
    <ol class="conversation" role="list" aria-label={t('messages.list')}>
      {items}
    </ol>
  );
}

/** Id of the message where unread begins, when the last `count` of others are unread. */
export function firstUnread(messages: Message[], count: number): string | null {
  let id: string | null = null;
  for (let i = messages.length - 1, left = count; i >= 0 && left > 0; i--) {
    const message = messages[i] as Message;
    if (message.mine) continue;
    id = message.id;
    left--;
  }
  return id;
}

/** Keeps the reader's place: at the end when they are there, where they were when older messages come in above. */
function usePlace(
  id: string,
  messages: Message[],
  scroller: { current: HTMLDivElement | null },
  unread?: string | null,
) {
  const [atEnd, setAtEnd] = useState(true);
  const [below, setBelow] = useState(0);
  const seen = useRef({ height: 0, first: '', last: '', count: 0 });
  const loading = useRef(false);
  const first = messages[0]?.id || '';
  const last = messages[messages.length - 1];
  const lastId = last?.id || '';

  const toEnd = () => {
    const box = scroller.current;
    if (!box) return;
    box.scrollTop = box.scrollHeight;
    setAtEnd(true);
    setBelow(0);
  };

  useLayoutEffect(() => {
    const box = scroller.current;
    const was = seen.current;
    if (!box) return;
    if (was.count === 0 && messages.length > 0) {
      const mark = unread ? box.querySelector('.conversation__unread') : null;
      box.scrollTop = box.scrollHeight;
      if (mark instanceof HTMLElement && mark.offsetTop < box.scrollTop) box.scrollTop = mark.offsetTop - 16;
    } else if (was.first !== first && was.last === lastId) {
      box.scrollTop += box.scrollHeight - was.height; // older ones came in above
    } else if (was.last !== lastId) {
      if (atEnd || (last && last.mine)) toEnd();
      else setBelow(below + Math.max(1, messages.length - was.count));
    }
    seen.current = { height: box.scrollHeight, first, last: lastId, count: messages.length };
  }, [first, lastId, messages.length]);

  // The composer grows, the keyboard comes up: whoever reads the end goes on reading the end.
  useEffect(() => {
    const box = scroller.current;
    if (!box || !atEnd || typeof ResizeObserver === 'undefined') return;
    let height = box.clientHeight;
    const observer = new ResizeObserver(() => {
      if (box.clientHeight === height) return; // it also reports once when it begins
      height = box.clientHeight;
      box.scrollTop = box.scrollHeight;
    });
    observer.observe(box);
    return () => observer.disconnect();
  }, [atEnd]);

  const onScroll = () => {
    const box = scroller.current;
    if (!box) return;
    const end = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;
    setAtEnd(end);
    if (end) setBelow(0);
    seen.current.height = box.scrollHeight;
    if (box.scrollTop < NEAR_START && moreMessages(id).peek() && !loading.current) {
      loading.current = true;
      loadOlder(id)
        .catch((error: unknown) => toast(errorText(error), 'alarm'))
        .then(() => {
          loading.current = false;
        });
    }
  };
  return { atEnd, below, toEnd, onScroll };
}

/** What is on the screen of a person who looks counts as read; what comes in while they look is read out. */
function useReading(id: string, messages: Message[], atEnd: boolean): void {
  const last = messages[messages.length - 1];
  const lastId = last?.id;
  const heard = useRef<string | undefined>(lastId);
  useEffect(() => {
    const read = () => {
      if (!document.hidden && atEnd) markRead(id);
    };
    read();
    document.addEventListener('visibilitychange', read);
    return () => document.removeEventListener('visibilitychange', read);
  }, [id, lastId, atEnd]);
  useEffect(() => {
    if (last && heard.current !== undefined && heard.current !== lastId && !last.mine) {
      announce(t('messages.said', { name: person(last.author).name, text: last.text }));
    }
    heard.current = lastId;
  }, [lastId]);
}
