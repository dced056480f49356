import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { t } from '../../state/i18n';
import { Button } from './Button';
import { IconButton } from './IconButton';
import './Dialog.css';

export interface DialogProps {
  title: string;
  /** Called by Escape, the cross and a press beside the dialog. */
  onClose: () => void;
  children: ComponentChildren;
  /** Buttons at the foot. */
  actions?: ComponentChildren;
}

/** Shown while it is in the tree. The browser keeps the focus inside; it goes back where it was at the end. */
export function Dialog({ title, onClose, children, actions }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    if (!dialog) return;
    if (typeof dialog.showModal === 'function') dialog.showModal();
    else (dialog as HTMLElement).setAttribute('open', '');
    return () => {
      if (dialog.open && typeof dialog.close === 'function') dialog.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class="dialog"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div class="dialog__inside">
        <div class="dialog__head">
          <h2 id={id} class="dialog__title">
            {title}
          </h2>
          <IconButton icon="close" label={t('common.close')} onClick={onClose} />
        </div>
        <div class="dialog__body">{children}</div>
        {actions && <div class="dialog__actions">{actions}</div>}
      </div>
    </dialog>
  );
}

export interface ConfirmProps {
  title: string;
  children: ComponentChildren;
  /** The word on the button that does it. */
  confirm: string;
  danger?: boolean;
  busy?: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

/** A question before something that cannot be undone. */
export function Confirm(p: ConfirmProps) {
  return (
    <Dialog
      title={p.title}
      onClose={p.onClose}
      actions={
        <>
          <Button kind={p.danger ? 'danger' : 'primary'} busy={p.busy} onClick={p.onConfirm}>
            {p.confirm}
          </Button>
          <Button kind="plain" onClick={p.onClose}>
            {t('common.cancel')}
          </Button>
        </>
      }
    >
      {p.children}
    </Dialog>
  );
}
