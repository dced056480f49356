import { hasText, t } from '../state/i18n';
import { CodedError, codeOf } from '../state/types';

/** What went wrong, in the person's language. `what` is an error or its code. */
export function errorText(what: unknown): string {
  if (what instanceof CodedError && what.code === 'too-many-guesses' && what.retryAfter) {
    return t('account.guessesWait', { count: Math.ceil(what.retryAfter / 60) });
  }
  const key = `error.${typeof what === 'string' ? what : codeOf(what)}`;
  return t(hasText(key) ? key : 'error.unexpected');
}
