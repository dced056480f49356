import type { ComponentChildren, Ref } from 'preact';
import { useId, useState } from 'preact/hooks';
import { t } from '../../state/i18n';
import { Icon } from './Icon';
import { IconButton } from './IconButton';
import './Field.css';

/** What every field shares: the label above, the hint under it, the error under the input. */
export interface FieldFrame {
  label: string;
  hint?: string;
  /** Why it cannot be accepted, in a person's words. Announced when it appears. */
  error?: string;
  /** Label for screen readers only, where the place makes it plain (a search, a composer). */
  hideLabel?: boolean;
  id?: string;
}

export function FieldBox(p: FieldFrame & { inputId: string; children: ComponentChildren }) {
  return (
    <div class={p.error ? 'field field--wrong' : 'field'}>
      <label class={p.hideLabel ? 'aside' : 'field__label'} for={p.inputId}>
        {p.label}
      </label>
      {p.hint && (
        <p class="field__hint" id={`${p.inputId}-hint`}>
          {p.hint}
        </p>
      )}
      {p.children}
      <p class="field__error" id={`${p.inputId}-error`} role="alert" hidden={!p.error}>
        {p.error && (
          <>
            <Icon name="alert" size={18} />
            <span>{p.error}</span>
          </>
        )}
      </p>
    </div>
  );
}

/** aria attributes that tie an input to its hint and error. */
export function tied(inputId: string, p: Pick<FieldFrame, 'hint' | 'error'>) {
  const ids = [p.hint && `${inputId}-hint`, p.error && `${inputId}-error`].filter(Boolean);
  return {
    'aria-describedby': ids.length ? ids.join(' ') : undefined,
    'aria-invalid': p.error ? ('true' as const) : undefined,
  };
}

export interface FieldProps extends FieldFrame {
  value: string;
  onInput: (value: string) => void;
  /** password gets a button that shows what was typed. */
  type?: 'text' | 'password' | 'search' | 'url';
  autocomplete?: string;
  placeholder?: string;
  required?: boolean;
  maxLength?: number;
  disabled?: boolean;
  readOnly?: boolean;
  /** Direction follows the text itself; keys and addresses are always left to right. */
  dir?: 'auto' | 'ltr';
  inputMode?: 'text' | 'search' | 'url';
  /** For words that no dictionary should change. */
  exact?: boolean;
  inputRef?: Ref<HTMLInputElement>;
  onKeyDown?: (event: KeyboardEvent) => void;
}

export function Field(p: FieldProps) {
  const own = useId();
  const id = p.id || own;
  const [shown, show] = useState(false);
  const secret = p.type === 'password';
  return (
    <FieldBox {...p} inputId={id}>
      <div class={p.type === 'search' ? 'field__frame field__frame--search' : 'field__frame'}>
        {p.type === 'search' && <Icon name="search" size={20} />}
        <input
          ref={p.inputRef}
          id={id}
          class="field__input"
          type={(secret && shown ? 'text' : p.type || 'text') as 'text'}
          value={p.value}
          onInput={(event) => p.onInput(event.currentTarget.value)}
          onKeyDown={p.onKeyDown}
          autocomplete={p.autocomplete || 'off'}
          autocapitalize={secret || p.exact ? 'none' : undefined}
          spellcheck={secret || p.exact ? false : undefined}
          placeholder={p.placeholder}
          required={p.required}
          maxLength={p.maxLength}
          disabled={p.disabled}
          readOnly={p.readOnly}
          inputMode={p.inputMode}
          dir={p.dir || 'auto'}
          {...tied(id, p)}
        />
        {secret && (
          <IconButton
            icon={shown ? 'eye-off' : 'eye'}
            label={shown ? t('common.hidePassphrase') : t('common.showPassphrase')}
            onClick={() => show(!shown)}
          />
        )}
      </div>
    </FieldBox>
  );
}

export interface SelectProps extends FieldFrame {
  value: string;
  onChange: (value: string) => void;
  options: { value: string; label: string }[];
  disabled?: boolean;
}

export function Select(p: SelectProps) {
  const own = useId();
  const id = p.id || own;
  return (
    <FieldBox {...p} inputId={id}>
      <div class="field__frame">
        <select
          id={id}
          class="field__select"
          value={p.value}
          disabled={p.disabled}
          onChange={(event) => p.onChange(event.currentTarget.value)}
          {...tied(id, p)}
        >
          {p.options.map((option) => (
            <option key={option.value} value={option.value} selected={option.value === p.value}>
              {option.label}
            </option>
          ))}
        </select>
        <Icon name="down" size={20} />
      </div>
    </FieldBox>
  );
}

export interface CheckProps {
  label: string;
  hint?: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}

/** A tick box with its words, all of it touchable. */
export function Check(p: CheckProps) {
  const id = useId();
  return (
    <label class="check" for={id}>
      <input
        id={id}
        type="checkbox"
        class="check__box"
        checked={p.checked}
        disabled={p.disabled}
        aria-describedby={p.hint ? `${id}-hint` : undefined}
        onChange={(event) => p.onChange(event.currentTarget.checked)}
      />
      <span class="check__words">
        <span>{p.label}</span>
        {p.hint && (
          <span class="check__hint" id={`${id}-hint`}>
            {p.hint}
          </span>
        )}
      </span>
    </label>
  );
}
