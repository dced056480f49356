import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './Icon';
import './Empty.css';

export interface EmptyProps {
  icon: IconName;
  title: string;
  /** What will be here. */
  children?: ComponentChildren;
  /** The first step: a Button or ButtonLink. */
  action?: ComponentChildren;
}

export function Empty({ icon, title, children, action }: EmptyProps) {
  return (
    <div class="empty">
      <span class="empty__lamp">
        <Icon name={icon} size={36} />
      </span>
      <h2 class="empty__title">{title}</h2>
      {children && <p class="empty__words">{children}</p>}
      {action && <div class="empty__action">{action}</div>}
    </div>
  );
}
