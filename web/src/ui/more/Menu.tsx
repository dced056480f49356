import { useState } from 'preact/hooks';
import { language, languages, t } from '../../state/i18n';
import { node } from '../../state/node';
import { person } from '../../state/people';
import { cardState, logout, session } from '../../state/session';
import { errorText } from '../errors';
import { Avatar, ButtonLink, Confirm, Icon, List, ListRow, Page, toast, type IconName } from '../kit';
import { roleName } from '../people/roles';
import { link, navigate } from '../router';
import './Menu.css';

export function Menu({ chosen }: { chosen?: string }) {
  const me = session.value;
  const [leaving, leave] = useState(false);
  const row = (name: string, icon: IconName, detail?: string) => (
    <ListRow
      href={link('more', name)}
      picture={<Icon name={icon} />}
      title={t(`more.${name}`)}
      detail={detail}
      current={chosen === name}
    />
  );
  return (
    <Page title={t('common.more')} level={chosen === undefined ? 1 : 2} place="more">
      <List label={t('common.more')}>
        {me && (
          <ListRow
            href={link('more', 'profile')}
            picture={<Avatar name={me.name} picture={person(me.pubkey).picture} seed={me.pubkey} />}
            title={me.name}
            detail={t('more.profileAnd', { role: roleName(me.role) })}
            current={chosen === 'profile'}
          />
        )}
        {row('language', 'language', languages.find((l) => l.code === language.value)?.name)}
        {me && (
          <ListRow
            href="#/card?from=more"
            picture={<Icon name="card" />}
            title={t('account.card')}
            detail={t(cardState.value === 'done' ? 'more.cardAgain' : 'more.cardPending')}
          />
        )}
        {me && row('passphrase', 'key')}
        {me && row('invite', 'invite')}
        {row('about', 'shield', node.value?.name)}
        {me && (
          <ListRow picture={<Icon name="logout" />} title={t('more.logout')} onClick={() => leave(true)} />
        )}
      </List>
      {!me && (
        <div class="menu__ways stack--tight">
          <ButtonLink kind="primary" wide href={link('login')}>
            {t('account.login')}
          </ButtonLink>
          <ButtonLink wide href={link('join')}>
            {t('account.haveInvite')}
          </ButtonLink>
        </div>
      )}
      {leaving && <Logout onClose={() => leave(false)} />}
    </Page>
  );
}

/** Leaving wipes this device; whoever has no card may not get back in. */
function Logout({ onClose }: { onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const safe = cardState.value === 'done';
  const go = () => {
    setBusy(true);
    logout().then(
      () => navigate('#/', true),
      (error: unknown) => {
        setBusy(false);
        toast(errorText(error), 'alarm');
      },
    );
  };
  if (!safe) {
    return (
      <Confirm title={t('more.logoutTitle')} confirm={t('more.logoutAnyway')} danger busy={busy} onConfirm={go} onClose={onClose}>
        <p>{t('more.logoutNoCard')}</p>
        <ButtonLink kind="primary" wide href={link('card')}>
          {t('account.remindShow')}
        </ButtonLink>
      </Confirm>
    );
  }
  return (
    <Confirm title={t('more.logoutTitle')} confirm={t('more.logout')} danger busy={busy} onConfirm={go} onClose={onClose}>
      <p>{t('more.logoutText')}</p>
    </Confirm>
  );
}
