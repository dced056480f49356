import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Icon } from './Icon';
import './Toast.css';

interface Shown {
  text: string;
  kind: 'done' | 'alarm';
}

const shown = signal<Shown | null>(null);
const said = signal('');

/** A line that shows for a while and is read out. For what went well or can wait; what must be acted on is a Note. */
export function toast(text: string, kind: 'done' | 'alarm' = 'done'): void {
  shown.value = { text, kind };
}

/** Read out by screen readers, shown to nobody: a message that came in. */
export function announce(text: string): void {
  // The same words twice must be two events for a screen reader.
  said.value = said.peek() === text ? `${text}\u00a0` : text;
}

const SHOWN_MS = 5000;

/** Stands once, in the shell. */
export function Live() {
  const now = shown.value;
  useEffect(() => {
    if (!now) return;
    const timer = setTimeout(() => {
      if (shown.peek() === now) shown.value = null;
    }, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [now]);
  return (
    <>
      <div class="aside" role="log" aria-live="polite">
        {said.value}
      </div>
      <div class="toast-place" role="status" aria-live="polite">
        {now && (
          <div class={`toast toast--${now.kind}`}>
            <Icon name={now.kind === 'alarm' ? 'alert' : 'check'} size={20} />
            <span>{now.text}</span>
          </div>
        )}
      </div>
    </>
  );
}
