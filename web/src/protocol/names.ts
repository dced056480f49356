// Names of people on a node: docs/formats.md, 'Names'.
import { CodedError } from './errors';

const maxLetters = 40;
const allowed = /^[\p{L}\p{M}\p{Nd} .\-_']+$/u;

/** NFKC and trimmed. Throws `name-invalid` for what the node would refuse. */
export function normaliseName(name: string): string {
  const text = name.normalize('NFKC').trim().replace(/ +/g, ' ');
  if (text === '' || Array.from(text).length > maxLetters || !allowed.test(text)) throw new CodedError('name-invalid');
  return text;
}
