import { t } from '../../state/i18n';
import './Skip.css';

/** The first stop of the Tab key: past the doors, to the page. */
export function Skip() {
  return (
    <a
      class="skip"
      href="#content"
      onClick={(event) => {
        event.preventDefault(); // the address is a route, not a place on the page
        document.getElementById('content')?.focus();
      }}
    >
      {t('common.skip')}
    </a>
  );
}
