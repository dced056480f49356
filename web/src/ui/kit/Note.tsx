import type { ComponentChildren } from 'preact';
import { Icon } from './Icon';
import './Note.css';

export interface NoteProps {
  kind?: 'info' | 'alarm' | 'done';
  /** What happened. */
  title?: string;
  /** What was kept, what to do. */
  children?: ComponentChildren;
  action?: ComponentChildren;
}

/** An alarm is read out at once; the others when there is quiet. */
export function Note({ kind = 'info', title, children, action }: NoteProps) {
  return (
    <div class={`note note--${kind}`} role={kind === 'alarm' ? 'alert' : 'note'}>
      <Icon name={kind === 'alarm' ? 'alert' : kind === 'done' ? 'check' : 'info'} />
      <div class="note__words">
        {title && <p class="note__title">{title}</p>}
        {children && <div class="note__text">{children}</div>}
        {action && <div class="note__action">{action}</div>}
      </div>
    </div>
  );
}
