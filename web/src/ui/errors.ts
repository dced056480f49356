import { hasText, t } from '../state/i18n';
import { codeOf } from '../state/types';

/** What went wrong, in the person's language. `what` is an error or its code. */
export function errorText(what: unknown): string {
  const key = `error.${typeof what === 'string' ? what : codeOf(what)}`;
  return t(hasText(key) ? key : 'error.unexpected');
}
