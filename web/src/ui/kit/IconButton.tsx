import type { Ref } from 'preact';
import { Icon, type IconName } from './Icon';
import './IconButton.css';

export interface IconButtonProps {
  icon: IconName;
  /** Always: it is the button's name, and its tooltip. */
  label: string;
  onClick?: (event: MouseEvent) => void;
  /** With `href` it is a link. */
  href?: string;
  type?: 'button' | 'submit';
  kind?: 'plain' | 'primary' | 'danger';
  disabled?: boolean;
  pressed?: boolean;
  expanded?: boolean;
  buttonRef?: Ref<HTMLButtonElement>;
}

export function IconButton(p: IconButtonProps) {
  const name = `icon-button icon-button--${p.kind || 'plain'}`;
  if (p.href !== undefined) {
    return (
      <a class={name} href={p.href} aria-label={p.label} title={p.label} onClick={p.onClick}>
        <Icon name={p.icon} />
      </a>
    );
  }
  return (
    <button
      ref={p.buttonRef}
      type={p.type || 'button'}
      class={name}
      aria-label={p.label}
      title={p.label}
      disabled={p.disabled}
      aria-pressed={p.pressed}
      aria-expanded={p.expanded}
      onClick={p.onClick}
    >
      <Icon name={p.icon} />
    </button>
  );
}
