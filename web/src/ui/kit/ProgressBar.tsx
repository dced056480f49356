import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { t } from '../../state/i18n';
import { Button } from './Button';
import './ProgressBar.css';

export interface ProgressBarProps {
  /** What is going on. */
  label: string;
  /** 0..1; leave out when nobody knows. */
  value?: number;
  /** "3.1 MB of 12 MB". */
  detail?: ComponentChildren;
  onStop?: () => void;
}

export function ProgressBar({ label, value, detail, onStop }: ProgressBarProps) {
  const id = useId();
  const known = value !== undefined;
  const share = known ? Math.max(0, Math.min(1, value)) : 0;
  return (
    <div class="progress">
      <div class="progress__head">
        <span id={id} class="progress__label">
          {label}
        </span>
        {detail !== undefined && <span class="progress__detail">{detail}</span>}
      </div>
      <div
        class={known ? 'progress__bar' : 'progress__bar progress__bar--unknown'}
        role="progressbar"
        aria-labelledby={id}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={known ? Math.round(share * 100) : undefined}
      >
        <span class="progress__done" style={known ? { width: `${share * 100}%` } : undefined} />
      </div>
      {onStop && (
        <Button kind="plain" icon="close" onClick={onStop}>
          {t('common.stop')}
        </Button>
      )}
    </div>
  );
}
