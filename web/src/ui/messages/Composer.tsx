import { useRef } from 'preact/hooks';
import { t } from '../../state/i18n';
import { messageDraft, send } from '../../state/inbox';
import { errorText } from '../errors';
import { IconButton, TextArea, toast } from '../kit';
import './Composer.css';

/** With a mouse there is a keyboard, and Enter sends; on a phone Enter is a new line and the arrow sends. */
function enterSends(): boolean {
  return typeof matchMedia === 'function' && matchMedia('(pointer: fine)').matches;
}

export function Composer({ id, onSent }: { id: string; onSent: () => void }) {
  const draft = messageDraft(id);
  const area = useRef<HTMLTextAreaElement>(null);
  const submit = () => {
    const text = draft.peek().trim();
    if (!text) return;
    draft.value = '';
    send(id, text).then(onSent, (error: unknown) => {
      // What was written is given back, before whatever has been begun since.
      const since = draft.peek();
      draft.value = since ? `${text}\n${since}` : text;
      toast(errorText(error), 'alarm');
    });
    area.current?.focus();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <TextArea
        label={t('messages.write')}
        hideLabel
        placeholder={t('messages.write')}
        value={draft.value}
        onInput={(value) => {
          draft.value = value;
        }}
        rows={1}
        maxRows={6}
        inputRef={area}
        enterKeyHint={enterSends() ? 'send' : 'enter'}
        onKeyDown={(event) => {
          // While a Korean syllable is being composed, Enter belongs to the input method (229 in older browsers).
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
          if (!enterSends()) return;
          event.preventDefault();
          submit();
        }}
      />
      <IconButton icon="send" label={t('messages.send')} type="submit" kind="primary" disabled={!draft.value.trim()} />
    </form>
  );
}
