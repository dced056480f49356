import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { Button } from './Button';
import { IconButton } from './IconButton';
import type { IconName } from './Icon';

export interface FileButtonProps {
  icon: IconName;
  /** "image/*" */
  accept: string;
  /** A phone offers its camera first. */
  camera?: boolean;
  onFile: (file: File) => void;
  busy?: boolean;
  disabled?: boolean;
  /** Without words it is an icon alone, named by `label`. */
  children?: ComponentChildren;
  label?: string;
}

/** A button that asks for one file. */
export function FileButton(p: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  const open = () => input.current?.click();
  return (
    <>
      {p.children ? (
        <Button icon={p.icon} busy={p.busy} disabled={p.disabled} onClick={open}>
          {p.children}
        </Button>
      ) : (
        <IconButton icon={p.icon} label={p.label ?? ''} disabled={p.disabled} onClick={open} />
      )}
      <input
        ref={input}
        type="file"
        accept={p.accept}
        capture={p.camera ? 'environment' : undefined}
        hidden
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = ''; // so that the same file can be chosen again
          if (file) p.onFile(file);
        }}
      />
    </>
  );
}
