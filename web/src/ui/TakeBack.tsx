import { useState } from 'preact/hooks';
import { t } from '../state/i18n';
import { errorText } from './errors';
import { Button, Confirm, toast } from './kit';
import { navigate } from './router';

interface TakeBackProps {
  /** Whose texts: `<area>.delete`, `deleteAsk`, `deleteText` and `deleted`. */
  area: 'news' | 'videos';
  remove: () => Promise<void>;
  /** Where to go when it is gone. */
  then: string;
}

/** Takes back what one has published, after a question. */
export function TakeBack({ area, remove, then }: TakeBackProps) {
  const [asking, ask] = useState(false);
  const [busy, setBusy] = useState(false);
  const takeBack = () => {
    setBusy(true);
    remove().then(
      () => {
        toast(t(`${area}.deleted`));
        navigate(then, true);
      },
      (error: unknown) => {
        toast(errorText(error), 'alarm');
        setBusy(false);
        ask(false);
      },
    );
  };
  return (
    <>
      <Button kind="danger" icon="trash" onClick={() => ask(true)}>
        {t(`${area}.delete`)}
      </Button>
      {asking && (
        <Confirm
          title={t(`${area}.deleteAsk`)}
          confirm={t(`${area}.delete`)}
          danger
          busy={busy}
          onConfirm={takeBack}
          onClose={() => ask(false)}
        >
          {t(`${area}.deleteText`)}
        </Confirm>
      )}
    </>
  );
}
