/** An error that a person may see. The code is stable; the user interface says `t('error.' + code)`. */
export class CodedError extends Error {
  readonly code: string;
  /** Seconds to wait before trying again, where the node said so. */
  readonly retryAfter?: number;

  constructor(code: string, message?: string, retryAfter?: number) {
    super(message ?? code);
    this.name = 'CodedError';
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** The code of any thrown value: `unexpected` when it carries none. */
export function codeOf(error: unknown): string {
  return error instanceof CodedError ? error.code : 'unexpected';
}

/** The code for the machine-readable prefix of a relay's refusal (NIP-01). */
export function refusalCode(message: string): string {
  const prefix = message.split(':', 1)[0] ?? '';
  switch (prefix) {
    case 'auth-required':
      return 'login-needed';
    case 'blocked':
      return 'not-allowed';
    case 'error':
      return 'server';
    case 'restricted':
    case 'invalid':
    case 'rate-limited':
      return prefix;
    default:
      return 'refused';
  }
}
