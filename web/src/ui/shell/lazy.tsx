import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../state/i18n';
import { Button, Note, Page, Skeleton, type SkeletonProps } from '../kit';

/** A page whose code comes when it is first opened; meanwhile the shape of it, and a way on when it does not come. */
export function lazy(load: () => Promise<{ default: ComponentType }>, shape: SkeletonProps['shape']): ComponentType {
  let ready: ComponentType | null = null;
  return function Lazy() {
    const [state, set] = useState<'loading' | 'ready' | 'failed'>(ready ? 'ready' : 'loading');
    useEffect(() => {
      if (ready) return;
      let wanted = true;
      load().then(
        (module) => {
          ready = module.default;
          if (wanted) set('ready');
        },
        () => wanted && set('failed'),
      );
      return () => {
        wanted = false;
      };
    }, []);
    const Ready = ready;
    if (Ready) return <Ready />;
    if (state === 'failed') {
      return (
        <Page title={t('common.pageFailed')} width="form">
          <Note
            kind="alarm"
            title={t('common.pageFailed')}
            action={<Button onClick={() => location.reload()}>{t('common.retry')}</Button>}
          >
            {t('common.pageFailedText')}
          </Note>
        </Page>
      );
    }
    return (
      <div class="page">
        <div class="title-bar" />
        <Skeleton shape={shape} count={shape === 'article' ? 2 : 6} />
      </div>
    );
  };
}
