import { useRef } from 'preact/hooks';
import { t } from '../../state/i18n';
import { Button, Field, toast } from '../kit';
import './Copy.css';

/** A long text and a button that copies it. On plain http browsers forbid the clipboard: then it stands selected. */
export function Copy({ label, hint, text }: { label: string; hint?: string; text: string }) {
  const input = useRef<HTMLInputElement>(null);
  const copy = async () => {
    const done = (await viaClipboard(text)) || viaSelection(input.current);
    toast(t(done ? 'common.copied' : 'common.copyByHand'));
  };
  return (
    <div class="copy">
      <Field label={label} hint={hint} value={text} onInput={() => undefined} inputRef={input} dir="ltr" exact readOnly />
      <Button icon="copy" onClick={() => void copy()}>
        {t('common.copy')}
      </Button>
    </div>
  );
}

async function viaClipboard(text: string): Promise<boolean> {
  try {
    if (!navigator.clipboard) return false;
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** The way of older browsers. What is selected stays so, for the person's own hand when this is refused too. */
function viaSelection(input: HTMLInputElement | null): boolean {
  if (!input) return false;
  input.focus();
  input.setSelectionRange(0, input.value.length);
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  }
}
