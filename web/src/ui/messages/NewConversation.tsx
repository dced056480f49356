import { useState } from 'preact/hooks';
import { t } from '../../state/i18n';
import { openConversation } from '../../state/inbox';
import { findPeople, people, peopleLoad, person } from '../../state/people';
import { session } from '../../state/session';
import { codeOf, type Hex } from '../../state/types';
import { errorText } from '../errors';
import { Avatar, Button, ButtonLink, Empty, Field, Icon, List, ListRow, Page, Skeleton, toast } from '../kit';
import { link, navigate } from '../router';
import { ConversationPicture } from './ConversationPicture';
import './NewConversation.css';

/** Whom to write to: one or several people, found by name. */
export function NewConversation() {
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState<Hex[]>([]);
  const own = session.value?.pubkey;
  const searching = query.trim() !== '';
  const found = (searching ? findPeople(query) : people.value).filter((p) => p.pubkey !== own);
  const toggle = (key: Hex) =>
    setChosen(chosen.includes(key) ? chosen.filter((other) => other !== key) : [...chosen, key]);
  const open = (keys: Hex[]) => {
    try {
      navigate(link('messages', openConversation(keys)), true);
    } catch (error) {
      toast(codeOf(error) === 'too-large' ? t('messages.tooMany') : errorText(error), 'alarm');
    }
  };
  const names = chosen.map((key) => person(key).name).join(', ');
  return (
    <Page
      title={t('messages.new')}
      back="#/messages"
      head={
        <Field
          label={t('messages.to')}
          hint={t('messages.toHint')}
          type="search"
          value={query}
          onInput={setQuery}
          onKeyDown={(event) => {
            const only = found.length === 1 ? found[0] : undefined;
            if (event.key !== 'Enter' || !only || event.isComposing) return;
            event.preventDefault();
            toggle(only.pubkey);
            setQuery('');
          }}
        />
      }
      foot={
        <div class="new-conversation__foot" aria-live="polite">
          <Button kind="primary" wide disabled={chosen.length === 0} onClick={() => open(chosen)}>
            {chosen.length === 0
              ? t('messages.pick')
              : chosen.length <= 2
                ? t('messages.writeTo', { name: names })
                : t('messages.writeToMany', { count: chosen.length })}
          </Button>
        </div>
      }
    >
      {chosen.length > 0 && (
        <ul class="chosen" role="list" aria-label={t('messages.chosen')}>
          {chosen.map((key) => (
            <li key={key}>
              <button type="button" class="chosen__one" onClick={() => toggle(key)}>
                <span dir="auto">{person(key).name}</span>
                <Icon name="close" size={18} label={t('messages.unpick')} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <List label={t('common.people')}>
        {!searching && own && (
          <ListRow
            picture={<ConversationPicture people={[own]} />}
            title={t('messages.notes')}
            detail={t('messages.notesText')}
            onClick={() => open([own])}
          />
        )}
        {found.map((p) => {
          const picked = chosen.includes(p.pubkey);
          return (
            <ListRow
              key={p.pubkey}
              picture={<Avatar name={p.name} picture={p.picture} seed={p.pubkey} />}
              title={p.name}
              detail={p.about}
              end={picked ? <Icon name="check" /> : undefined}
              pressed={picked}
              current={picked}
              onClick={() => toggle(p.pubkey)}
            />
          );
        })}
      </List>
      {found.length > 0 ? null : searching ? (
        <Empty icon="search" title={t('common.nothingFound', { query: query.trim() })} />
      ) : peopleLoad.value === 'loading' ? (
        <Skeleton />
      ) : (
        <Empty
          icon="people"
          title={t('people.alone')}
          action={
            session.value !== null &&
            session.value.role !== 'member' && (
              <ButtonLink kind="primary" icon="invite" href={link('more', 'invite')}>
                {t('more.invite')}
              </ButtonLink>
            )
          }
        >
          {t('people.aloneText')}
        </Empty>
      )}
    </Page>
  );
}
