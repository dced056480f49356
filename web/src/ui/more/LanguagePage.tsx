import { t } from '../../state/i18n';
import { Page } from '../kit';
import { LanguageChoice } from '../shell/LanguageChoice';

export function LanguagePage() {
  return (
    <Page title={t('more.language')} back="#/more" backOnPhoneOnly width="form">
      <div class="stack">
        <p>{t('more.languageText')}</p>
        <LanguageChoice />
      </div>
    </Page>
  );
}
