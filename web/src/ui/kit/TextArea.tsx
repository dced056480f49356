import type { Ref } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { FieldBox, tied, type FieldFrame } from './Field';
import './TextArea.css';

export interface TextAreaProps extends FieldFrame {
  value: string;
  onInput: (value: string) => void;
  onKeyDown?: (event: KeyboardEvent) => void;
  onBlur?: () => void;
  placeholder?: string;
  /** Lines it starts with; it grows with what is written. */
  rows?: number;
  /** Lines after which it scrolls instead of growing. */
  maxRows?: number;
  maxLength?: number;
  disabled?: boolean;
  enterKeyHint?: 'send' | 'enter';
  inputRef?: { current: HTMLTextAreaElement | null };
}

export function TextArea(p: TextAreaProps) {
  const own = useId();
  const id = p.id || own;
  const ref = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const area = ref.current;
    if (!area) return;
    area.style.height = 'auto';
    const line = parseFloat(getComputedStyle(area).lineHeight) || 24;
    const most = line * (p.maxRows || 16);
    const wanted = area.scrollHeight + area.offsetHeight - area.clientHeight;
    area.style.height = `${Math.min(wanted, most)}px`;
    area.style.overflowY = wanted > most ? 'auto' : 'hidden';
  }, [p.value, p.maxRows]);
  return (
    <FieldBox {...p} inputId={id}>
      <textarea
        ref={both(ref, p.inputRef)}
        id={id}
        class="text-area"
        rows={p.rows || 3}
        value={p.value}
        onInput={(event) => p.onInput(event.currentTarget.value)}
        onKeyDown={p.onKeyDown}
        onBlur={p.onBlur}
        placeholder={p.placeholder}
        maxLength={p.maxLength}
        disabled={p.disabled}
        enterkeyhint={p.enterKeyHint}
        dir="auto"
        {...tied(id, p)}
      />
    </FieldBox>
  );
}

function both<T>(own: { current: T | null }, given?: { current: T | null }): Ref<T> {
  return (element) => {
    own.current = element;
    if (given) given.current = element;
  };
}
