import type { ComponentType } from 'preact';
import { t } from '../../state/i18n';
import { Empty, Split } from '../kit';
import { route } from '../router';
import { session, sessionLoad } from '../../state/session';
import { LoginNeeded, NotFound } from '../shell/Places';
import { About } from './About';
import { ChangePassphrase } from './ChangePassphrase';
import { EditProfile } from './EditProfile';
import { Invite } from './Invite';
import { LanguagePage } from './LanguagePage';
import { Menu } from './Menu';

const pages: Record<string, { page: ComponentType; account?: boolean }> = {
  profile: { page: EditProfile, account: true },
  passphrase: { page: ChangePassphrase, account: true },
  invite: { page: Invite, account: true },
  language: { page: LanguagePage },
  about: { page: About },
};

/** `#/more` and what is under it. */
export default function MoreArea() {
  const name = route.value.parts[1];
  return <Split open={name !== undefined} list={<Menu chosen={name} />} detail={<Detail name={name} />} />;
}

function Detail({ name }: { name?: string }) {
  if (name === undefined) return <Empty icon="madang" title={t('more.choose')} />;
  const one = Object.prototype.hasOwnProperty.call(pages, name) ? pages[name] : undefined;
  if (!one) return <NotFound back="#/more" />;
  if (one.account && !session.value) return sessionLoad.value === 'starting' ? null : <LoginNeeded />;
  return <one.page key={name} />;
}
