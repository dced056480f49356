import { useState } from 'preact/hooks';
import { formatDate, formatTime, t } from '../../state/i18n';
import { clockDoubted, clockGap } from '../../state/node';
import { setNodeClock } from '../../state/nodeinfo';
import { session } from '../../state/session';
import { errorText } from '../errors';
import { Button, Note, toast } from '../kit';
import { route } from '../router';
import './ClockNotice.css';

/** Asks operators, behind each door, to set the clock of a node that does not know the time or tells another one. */
export function ClockNotice() {
  const [busy, setBusy] = useState(false);
  const gap = clockGap.value;
  if (gap === null || session.value?.role !== 'operator' || route.value.parts.length > 1) return null;
  const here = Date.now() / 1000;
  const set = () => {
    setBusy(true);
    setNodeClock()
      .then(
        () => toast(t('common.clockDone')),
        (error: unknown) => toast(errorText(error), 'alarm'),
      )
      .finally(() => setBusy(false));
  };
  return (
    <div class="clock-notice">
      <Note
        title={t(clockDoubted.value ? 'common.clockUnknown' : 'common.clockDiffers')}
        action={
          <Button icon="clock" busy={busy} onClick={set}>
            {t('common.clockSet')}
          </Button>
        }
      >
        {t('common.clockText', { node: moment(here + gap), device: moment(here) })}
      </Note>
    </div>
  );
}

const moment = (at: number): string => `${formatDate(at)}, ${formatTime(at)}`;
