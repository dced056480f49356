import { useState } from 'preact/hooks';
import { t } from '../../state/i18n';
import { findPeople, people, peopleLoad } from '../../state/people';
import { session } from '../../state/session';
import { Avatar, ButtonLink, Empty, Field, IconButton, List, ListRow, Page, Skeleton, Tag } from '../kit';
import { link } from '../router';
import { roleName } from './roles';

export function Directory({ chosen }: { chosen?: string }) {
  const [query, setQuery] = useState('');
  const load = peopleLoad.value;
  const all = people.value;
  const found = query.trim() ? findPeople(query) : all;
  const me = session.value;
  const mayInvite = me !== null && me.role !== 'member';
  const alone = load === 'ready' && all.every((p) => me !== null && p.pubkey === me.pubkey);
  const nobodyElse = (
    <Empty
      icon="people"
      title={t('people.alone')}
      action={
        mayInvite && (
          <ButtonLink kind="primary" icon="invite" href={link('more', 'invite')}>
            {t('more.invite')}
          </ButtonLink>
        )
      }
    >
      {t('people.aloneText')}
    </Empty>
  );
  return (
    <Page
      title={t('common.people')}
      level={chosen === undefined ? 1 : 2}
      place="people"
      action={mayInvite ? <IconButton icon="invite" label={t('more.invite')} href={link('more', 'invite')} /> : undefined}
      head={
        <Field
          label={t('people.search')}
          hideLabel
          type="search"
          placeholder={t('people.search')}
          value={query}
          onInput={setQuery}
        />
      }
    >
      {all.length === 0 && load === 'loading' ? (
        <Skeleton />
      ) : all.length === 0 && load !== 'ready' ? (
        <Empty icon="offline" title={t('people.failed')}>
          {t('people.failedText')}
        </Empty>
      ) : all.length === 0 ? (
        nobodyElse
      ) : found.length === 0 ? (
        <Empty icon="search" title={t('common.nothingFound', { query: query.trim() })} />
      ) : (
        <>
          <List label={t('common.people')}>
            {found.map((p) => (
              <ListRow
                key={p.pubkey}
                href={link('people', p.pubkey)}
                picture={<Avatar name={p.name} picture={p.picture} seed={p.pubkey} />}
                title={
                  <>
                    {p.name}
                    {me && p.pubkey === me.pubkey && <span class="soft"> · {t('common.you')}</span>}
                  </>
                }
                detail={p.about}
                end={p.role && p.role !== 'member' ? <Tag>{roleName(p.role)}</Tag> : undefined}
                current={p.pubkey === chosen}
              />
            ))}
          </List>
          {alone && nobodyElse}
        </>
      )}
    </Page>
  );
}
