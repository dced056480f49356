import { t } from '../../state/i18n';
import type { SendState } from '../../state/types';
import { Icon, type IconName } from '../kit';
import './StateSign.css';

const signs: Record<SendState, IconName> = { sending: 'clock', sent: 'check', failed: 'alert' };

/** How far a message of one's own has come, as a sign for eyes and a word for ears. Sent: the node has kept it. */
export function StateSign({ state }: { state: SendState }) {
  return (
    <span class={`state-sign state-sign--${state}`}>
      <Icon name={signs[state]} size={16} label={t(`messages.${state}`)} />
    </span>
  );
}
