import { useEffect, useState } from 'preact/hooks';
import { t } from '../../state/i18n';
import { online } from '../../state/node';
import { session, sessionLoad } from '../../state/session';
import { Icon } from '../kit';
import './Connection.css';

const PATIENCE_MS = 2000;

/** A strip while the node is out of reach. A moment's gap is nobody's business. */
export function Connection() {
  const away = !online.value && sessionLoad.value === 'ready';
  const [told, tell] = useState(false);
  useEffect(() => {
    if (!away) {
      tell(false);
      return;
    }
    const timer = setTimeout(() => tell(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [away]);
  return (
    <div class="connection" role="status">
      {told && (
        <p class="connection__strip">
          <Icon name="offline" size={20} />
          <span>
            {t('common.reconnecting')} {session.value && t('common.reconnectingKept')}
          </span>
        </p>
      )}
    </div>
  );
}
