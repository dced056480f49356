import { useState } from 'preact/hooks';
import { errorText } from './errors';
import { Button, toast } from './kit';
import './LoadMore.css';

/** The button under a list that goes on. */
export function LoadMore({ children, load }: { children: string; load: () => Promise<void> }) {
  const [busy, setBusy] = useState(false);
  const more = () => {
    setBusy(true);
    load()
      .catch((error: unknown) => toast(errorText(error), 'alarm'))
      .finally(() => setBusy(false));
  };
  return (
    <div class="load-more">
      <Button busy={busy} onClick={more}>
        {children}
      </Button>
    </div>
  );
}
