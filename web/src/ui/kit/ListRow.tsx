import type { ComponentChildren } from 'preact';
import './ListRow.css';

export interface ListRowProps {
  /** 44 px: an Avatar, a picture, an Icon. */
  picture?: ComponentChildren;
  title: ComponentChildren;
  /** The second line; one line, cut off where it ends. */
  detail?: ComponentChildren;
  /** At the end, beside the title: a time. */
  end?: ComponentChildren;
  /** At the end, beside the detail: unread, a sign. */
  endBelow?: ComponentChildren;
  /** Where it leads; without it and `onClick`, a row that only tells. */
  href?: string;
  onClick?: () => void;
  /** This row's detail is open beside it. */
  current?: boolean;
  strong?: boolean;
  disabled?: boolean;
  pressed?: boolean;
}

export function ListRow(p: ListRowProps) {
  const inside = (
    <>
      {p.picture && <span class="row__picture">{p.picture}</span>}
      <span class="row__words">
        <span class="row__line">
          <span class="row__title" dir="auto">
            {p.title}
          </span>
          {p.end !== undefined && <span class="row__end">{p.end}</span>}
        </span>
        {(p.detail !== undefined || p.endBelow !== undefined) && (
          <span class="row__line">
            <span class="row__detail" dir="auto">
              {p.detail}
            </span>
            {p.endBelow}
          </span>
        )}
      </span>
    </>
  );
  const name = `row${p.strong ? ' row--strong' : ''}${p.current ? ' row--current' : ''}`;
  if (p.href !== undefined) {
    return (
      <li class="row-item">
        <a class={name} href={p.href} aria-current={p.current ? 'true' : undefined}>
          {inside}
        </a>
      </li>
    );
  }
  if (p.onClick) {
    return (
      <li class="row-item">
        <button type="button" class={name} onClick={p.onClick} disabled={p.disabled} aria-pressed={p.pressed}>
          {inside}
        </button>
      </li>
    );
  }
  return (
    <li class="row-item">
      <div class={name}>{inside}</div>
    </li>
  );
}

export function List({ children, label }: { children: ComponentChildren; label?: string }) {
  return (
    <ul class="rows" aria-label={label} role="list">
      {children}
    </ul>
  );
}

/** A count that calls for the eye; the words are for those who hear it. */
export function Badge({ count, label }: { count: number; label: string }) {
  if (count <= 0) return null;
  return (
    <span class="badge">
      <span aria-hidden="true">{count > 99 ? '99+' : count}</span>
      <span class="aside">{label}</span>
    </span>
  );
}

/** A word set apart: a role, a language. */
export function Tag({ children }: { children: ComponentChildren }) {
  return <span class="tag">{children}</span>;
}
