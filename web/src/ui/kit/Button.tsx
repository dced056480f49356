import type { ComponentChildren, Ref } from 'preact';
import { Icon, type IconName } from './Icon';
import './Button.css';

export type ButtonKind = 'primary' | 'quiet' | 'danger' | 'plain';

interface Common {
  children: ComponentChildren;
  /** primary: the one thing to do here; quiet: bordered; danger: cannot be undone; plain: words alone. */
  kind?: ButtonKind;
  icon?: IconName;
  /** As wide as its place. */
  wide?: boolean;
  class?: string;
  /** Extra words for screen readers when the visible ones are not enough. */
  label?: string;
}

export interface ButtonProps extends Common {
  onClick?: (event: MouseEvent) => void;
  type?: 'button' | 'submit';
  /** Work goes on: shown, announced, and a second press does nothing. */
  busy?: boolean;
  disabled?: boolean;
  describedBy?: string;
  expanded?: boolean;
  pressed?: boolean;
  buttonRef?: Ref<HTMLButtonElement>;
}

function classes(kind: ButtonKind, wide?: boolean, extra?: string): string {
  return `button button--${kind}${wide ? ' button--wide' : ''}${extra ? ` ${extra}` : ''}`;
}

export function Button(p: ButtonProps) {
  return (
    <button
      ref={p.buttonRef}
      type={p.type || 'button'}
      class={classes(p.kind || 'quiet', p.wide, p.class)}
      disabled={p.disabled}
      aria-disabled={p.busy ? 'true' : undefined}
      aria-busy={p.busy ? 'true' : undefined}
      aria-label={p.label}
      aria-describedby={p.describedBy}
      aria-expanded={p.expanded}
      aria-pressed={p.pressed}
      onClick={(event) => {
        if (p.busy) event.preventDefault();
        else if (p.onClick) p.onClick(event);
      }}
    >
      {p.busy ? <span class="button__busy" aria-hidden="true" /> : p.icon && <Icon name={p.icon} size={20} />}
      <span class="button__text">{p.children}</span>
    </button>
  );
}

/** A link that looks like a button: it goes somewhere, it does not do something. */
export function ButtonLink({ href, download, ...p }: Common & { href: string; download?: string | boolean }) {
  return (
    <a href={href} download={download} class={classes(p.kind || 'quiet', p.wide, p.class)} aria-label={p.label}>
      {p.icon && <Icon name={p.icon} size={20} />}
      <span class="button__text">{p.children}</span>
    </a>
  );
}

/** Buttons in a row that wraps; the first is the one to press. */
export function ButtonRow({ children }: { children: ComponentChildren }) {
  return <div class="button-row">{children}</div>;
}
