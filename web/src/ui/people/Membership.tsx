import { useState } from 'preact/hooks';
import { t } from '../../state/i18n';
import { removeMember, setRole } from '../../state/people';
import type { Role } from '../../state/types';
import { errorText } from '../errors';
import { Button, Confirm, Select, toast } from '../kit';
import { navigate } from '../router';
import { roleName } from './roles';

const roles: Role[] = ['member', 'editor', 'operator'];

/** What an operator decides about someone here: their role, and whether they stay. */
export function Membership({ pubkey, name, role }: { pubkey: string; name: string; role: Role }) {
  const [chosen, choose] = useState<Role | null>(null); // until the roster says so
  const [asking, ask] = useState(false);
  const [removing, setRemoving] = useState(false);
  const failed = (error: unknown) => toast(errorText(error), 'alarm');

  const change = (next: Role) => {
    if (chosen !== null || removing) return;
    choose(next);
    setRole(pubkey, next)
      .then(() => toast(t('people.roleDone', { name, role: roleName(next) })), failed)
      .then(() => choose(null));
  };
  const remove = () => {
    setRemoving(true);
    removeMember(pubkey).then(
      () => {
        toast(t('people.removed', { name }));
        navigate('#/people', true);
      },
      (error: unknown) => {
        failed(error);
        setRemoving(false);
        ask(false);
      },
    );
  };
  const shown = chosen ?? role;
  return (
    <>
      <Select
        label={t('people.role')}
        hint={t(`more.roleHint-${shown}`)}
        value={shown}
        onChange={(value) => change(value as Role)}
        options={roles.map((one) => ({ value: one, label: roleName(one) }))}
      />
      <Button kind="danger" icon="trash" wide onClick={() => ask(true)}>
        {t('people.remove')}
      </Button>
      {asking && (
        <Confirm
          title={t('people.removeAsk', { name })}
          confirm={t('people.remove')}
          danger
          busy={removing}
          onConfirm={remove}
          onClose={() => ask(false)}
        >
          <p>{t('people.removeText')}</p>
          <p>{t('people.removeDevice')}</p>
        </Confirm>
      )}
    </>
  );
}
