import { useState } from 'preact/hooks';
import { formatDate, t } from '../../state/i18n';
import { createInvite, session } from '../../state/session';
import type { Role } from '../../state/types';
import { errorText } from '../errors';
import { Button, Empty, Note, Page, Qr, Select } from '../kit';
import { roleName } from '../people/roles';
import { Copy } from '../shell/Copy';
import './Invite.css';

interface Made {
  url: string;
  expires: number;
  role: Role;
}

/** Operators invite anyone, editors invite members. */
export function Invite() {
  const own = session.value?.role || 'member';
  const roles: Role[] = own === 'operator' ? ['member', 'editor', 'operator'] : own === 'editor' ? ['member'] : [];
  const [role, setRole] = useState<Role>('member');
  const [made, setMade] = useState<Made | null>(null);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState('');

  const make = () => {
    setBusy(true);
    setFailed('');
    createInvite(role)
      .then(
        ({ url, expires }) => setMade({ url, expires, role }),
        (error: unknown) => setFailed(errorText(error)),
      )
      .then(() => setBusy(false));
  };
  return (
    <Page title={t('more.invite')} back="#/more" backOnPhoneOnly width={roles.length ? 'form' : 'full'}>
      {roles.length === 0 ? (
        <Empty icon="invite" title={t('more.inviteNot')}>
          {t('more.inviteNotText')}
        </Empty>
      ) : made ? (
        <div class="stack--wide">
          <p>{t(`more.inviteMade-${made.role}`)}</p>
          <Qr text={made.url} label={t('more.inviteQr')} />
          <Copy label={t('more.inviteLink')} text={made.url} hint={t('more.inviteOnce', { date: formatDate(made.expires) })} />
          {onlyHere(made.url) && <OnlyHere host={new URL(made.url).host} />}
          <div class="invite__ways">
            <Button icon="print" onClick={() => window.print()}>
              {t('common.print')}
            </Button>
            <Button icon="plus" onClick={() => setMade(null)}>
              {t('more.inviteMore')}
            </Button>
          </div>
        </div>
      ) : (
        <div class="stack--wide">
          <p>{t('more.inviteText')}</p>
          {roles.length > 1 && (
            <Select
              label={t('more.inviteAs')}
              hint={t(`more.roleHint-${role}`)}
              value={role}
              onChange={(value) => setRole(value as Role)}
              options={roles.map((one) => ({ value: one, label: roleName(one) }))}
            />
          )}
          {failed && <Note kind="alarm" title={failed} />}
          <Button kind="primary" icon="invite" wide busy={busy} onClick={make}>
            {t('more.inviteMake')}
          </Button>
        </div>
      )}
    </Page>
  );
}

function OnlyHere({ host }: { host: string }) {
  return (
    <Note>
      {t('more.inviteHere', { host })}{' '}
      <code class="invite__setting" dir="ltr">
        --listen 0.0.0.0:8080
      </code>
    </Note>
  );
}

/** Whether a link leads to the computer that opens it, whichever that is. */
function onlyHere(url: string): boolean {
  return /^https?:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|\/|$)/.test(url);
}
