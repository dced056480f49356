import { checkPassphrase } from '../../state/session';

/** As the vault reads it: compatible forms made one, outer white space gone, inner runs one space. */
export function normalisePassphrase(text: string): string {
  return text.normalize('NFKC').trim().replace(/\s+/g, ' ');
}

// Single letters are no words: "a b c d e" is five guesses, not a sentence.
const LEAST_WORDS = 5;
const LEAST_CHARACTERS = 16;
const LEAST_DIFFERENT = 6;

/**
 * Why a passphrase of one's own will not do, as a key of the catalogue; null when it will. Whoever holds the node's
 * disk may guess as fast as their machines go, so it has to be long (the session decides), and
 * its words and letters must not be all alike.
 */
export function passphraseProblem(text: string): 'account.ownEmpty' | 'account.ownShort' | 'account.ownSame' | null {
  const clean = normalisePassphrase(text);
  if (clean === '') return 'account.ownEmpty';
  const words = clean.split(' ').filter((word) => Array.from(word).length > 1);
  const onlyShortWords = words.length < LEAST_WORDS && Array.from(clean).length < LEAST_CHARACTERS;
  if (onlyShortWords || !accepted(clean)) return 'account.ownShort';
  const enoughWords = words.length < LEAST_WORDS || new Set(words).size > words.length / 2;
  if (new Set(clean.replace(/ /g, '')).size < LEAST_DIFFERENT || !enoughWords) return 'account.ownSame';
  return null;
}

function accepted(passphrase: string): boolean {
  try {
    checkPassphrase(passphrase);
    return true;
  } catch {
    return false;
  }
}

/** The code in what a person pasted: a whole invite link, its fragment, or the code alone. */
export function inviteCode(text: string): string {
  const clean = text.trim();
  const inLink = /#\/join\/([^/?#\s]+)/.exec(clean);
  return (inLink ? (inLink[1] as string) : clean).toLowerCase().replace(/[^0-9a-z]/g, '');
}
