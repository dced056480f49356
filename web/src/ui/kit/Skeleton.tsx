import { t } from '../../state/i18n';
import './Skeleton.css';

export interface SkeletonProps {
  /** The shape of what is coming. */
  shape?: 'rows' | 'article' | 'cards' | 'bubbles';
  count?: number;
}

/** Grey shapes of what is coming, said once to screen readers. */
export function Skeleton({ shape = 'rows', count = 6 }: SkeletonProps) {
  const items = Array.from({ length: count }, (_, i) => i);
  return (
    <div class={`skeleton skeleton--${shape}`} role="status">
      <span class="aside">{t('common.loading')}</span>
      {items.map((i) => (
        <div key={i} class="skeleton__item" aria-hidden="true">
          <span class="skeleton__picture" />
          <span class="skeleton__words">
            <span class="skeleton__line" />
            <span class="skeleton__line skeleton__line--short" />
          </span>
        </div>
      ))}
    </div>
  );
}
