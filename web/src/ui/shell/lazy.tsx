import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../state/i18n';
import { Button, Note, Page, Skeleton, type SkeletonProps } from '../kit';

/** A page of its own code, which may be fetched ahead. */
export type LazyPage = ComponentType & { fetch(): Promise<void> };

/** A page whose code comes when it is first opened; meanwhile the shape of it, and a way on when it does not come. */
export function lazy(load: () => Promise<{ default: ComponentType }>, shape: SkeletonProps['shape']): LazyPage {
  let ready: ComponentType | null = null;
  const fetch = () =>
    load().then((module) => {
      ready = module.default;
    });
  function Lazy() {
    const [state, set] = useState<'loading' | 'ready' | 'failed'>(ready ? 'ready' : 'loading');
    useEffect(() => {
      if (ready) {
        set('ready'); // it came, fetched ahead, after this was drawn and before this ran
        return;
      }
      let wanted = true;
      fetch().then(
        () => wanted && set('ready'),
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
  }
  return Object.assign(Lazy, { fetch });
}

const AHEAD_MS = 3000;

/**
 * Fetches pages once the first one stands, so that they open at once, and also when the node has gone out of reach. One
 * that does not come is fetched again when it is opened. `pages` is always the same list.
 */
export function useAhead(pages: LazyPage[]): void {
  useEffect(() => {
    const timer = setTimeout(async () => {
      for (const page of pages) await page.fetch().catch(() => undefined);
    }, AHEAD_MS);
    return () => clearTimeout(timer);
  }, [pages]);
}
