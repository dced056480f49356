import { useEffect, useState } from 'preact/hooks';
import { t } from '../../state/i18n';
import { openConversation } from '../../state/inbox';
import { confirmedAddress } from '../../state/nip05';
import { person } from '../../state/people';
import { session } from '../../state/session';
import { Avatar, Button, ButtonLink, Page, Tag } from '../kit';
import { link, navigate } from '../router';
import { Copy } from '../shell/Copy';
import { Membership } from './Membership';
import { roleName } from './roles';
import './Profile.css';

export function Profile({ pubkey }: { pubkey: string }) {
  const who = person(pubkey);
  const address = useAddress(who.nip05, pubkey);
  const me = session.value;
  const own = me !== null && me.pubkey === pubkey;
  return (
    <Page title={who.name} back="#/people" backOnPhoneOnly width="form">
      <div class="stack--wide">
        <div class="profile">
          <Avatar name={who.name} picture={who.picture} seed={pubkey} size={96} />
          <p class="profile__name" dir="auto">
            {who.name}
          </p>
          <p class="profile__facts">
            {who.role && <Tag>{roleName(who.role)}</Tag>}
            {address && !address.startsWith('xn--') && <bdi dir="ltr">{address}</bdi>}
          </p>
        </div>
        {who.about && (
          <p class="profile__about" dir="auto">
            {who.about}
          </p>
        )}
        {own ? (
          <ButtonLink wide icon="edit" href={link('more', 'profile')}>
            {t('more.profile')}
          </ButtonLink>
        ) : me ? (
          <Button
            kind="primary"
            icon="messages"
            wide
            onClick={() => navigate(link('messages', openConversation([pubkey])))}
          >
            {t('people.write')}
          </Button>
        ) : (
          <p class="soft">{t('people.writeNeedsAccount')}</p>
        )}
        {who.npub && <Copy label={t('people.npub')} hint={t('people.npubHint')} text={who.npub} />}
        {me?.role === 'operator' && !own && who.role && (
          <Membership pubkey={pubkey} name={who.name} role={who.role} />
        )}
      </div>
    </Page>
  );
}

/** The address that a profile claims, once the node has confirmed it: anyone can claim another's. */
function useAddress(claim: string | undefined, pubkey: string): string | undefined {
  const [confirmed, confirm] = useState<string>();
  useEffect(() => {
    let wanted = true;
    confirm(undefined);
    if (claim) void confirmedAddress(claim, pubkey).then((address) => wanted && confirm(address));
    return () => void (wanted = false);
  }, [claim, pubkey]);
  return confirmed;
}
