import { t } from '../../state/i18n';
import { ButtonLink, ButtonRow, Empty, Page } from '../kit';
import { link } from '../router';

export function NotFound({ back }: { back?: string }) {
  return (
    <Page title={t('common.notFound')} back={back}>
      <Empty
        icon="search"
        title={t('common.notFound')}
        action={<ButtonLink href="#/">{t('common.home')}</ButtonLink>}
      >
        {t('common.notFoundText')}
      </Empty>
    </Page>
  );
}

export function LoginNeeded() {
  return (
    <Page title={t('account.login')}>
      <Empty
        icon="key"
        title={t('common.loginNeeded')}
        action={
          <ButtonRow>
            <ButtonLink kind="primary" href={link('login')}>
              {t('account.login')}
            </ButtonLink>
            <ButtonLink href={link('join')}>{t('account.haveInvite')}</ButtonLink>
          </ButtonRow>
        }
      >
        {t('common.loginNeededText')}
      </Empty>
    </Page>
  );
}
