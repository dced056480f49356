import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { Button, IconButton } from '../kit';

interface PictureButtonProps {
  onFile: (file: File) => void;
  disabled?: boolean;
  /** Without words it is an icon alone, named by `label`. */
  children?: ComponentChildren;
  label?: string;
}

/** Asks for a picture from the phone or its camera. */
export function PictureButton({ onFile, disabled, children, label }: PictureButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  const open = () => input.current?.click();
  return (
    <>
      {children ? (
        <Button icon="picture" disabled={disabled} onClick={open}>
          {children}
        </Button>
      ) : (
        <IconButton icon="picture" label={label ?? ''} disabled={disabled} onClick={open} />
      )}
      <input
        ref={input}
        type="file"
        accept="image/*"
        hidden
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = ''; // so that the same file can be chosen again
          if (file) onFile(file);
        }}
      />
    </>
  );
}
