import { t } from '../../state/i18n';
import type { Role } from '../../state/types';

const words: Record<Role, string> = {
  member: 'common.roleMember',
  editor: 'common.roleEditor',
  operator: 'common.roleOperator',
};

export function roleName(role: Role): string {
  return t(words[role]);
}
