import { language, languages, setLanguage, t } from '../../state/i18n';
import { toast } from '../kit';
import './LanguageChoice.css';

/** Each language in its own words and letters, so that it is found by those who read no other. */
export function LanguageChoice() {
  return (
    <div class="language-choice" role="group" aria-label={t('common.language')}>
      {languages.map((l) => (
        <button
          key={l.code}
          type="button"
          class="language-choice__one"
          lang={l.code}
          dir={l.dir}
          aria-pressed={l.code === language.value}
          onClick={() => {
            setLanguage(l.code).catch(() => toast(t('error.offline'), 'alarm'));
          }}
        >
          {l.name}
        </button>
      ))}
    </div>
  );
}
