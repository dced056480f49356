// Finding people by part of a name, as it is typed.

const firstInitial = 0x1100; // ᄀ
const initials = 19;
const firstSyllable = 0xac00; // 가
const lastSyllable = 0xd7a3;
const perInitial = 588; // vowels times finals
const perVowel = 28; // finals

/** Case, width, accents and vowel points folded away; Hangul composed. Up and down again, as ß and SS are one. */
export function fold(text: string): string {
  const small = text.normalize('NFKC').toUpperCase().toLowerCase();
  return small.normalize('NFD').replace(/\p{Mn}/gu, '').normalize('NFC').trim();
}

/**
 * Whether `name` holds `query`. A Korean initial consonant stands for any syllable that begins with it (ㅁㄷ finds 마당),
 * and a last syllable that is not finished for any that it may become (마다 finds 마당).
 */
export function matchesName(name: string, query: string): boolean {
  const wanted = Array.from(fold(query));
  const letters = Array.from(fold(name));
  for (let start = 0; start + wanted.length <= letters.length; start++) {
    if (wanted.every((w, i) => matchesLetter(letters[start + i] ?? '', w, i === wanted.length - 1))) return true;
  }
  return wanted.length === 0;
}

function matchesLetter(letter: string, wanted: string, last: boolean): boolean {
  if (letter === wanted) return true;
  const syllable = (letter.codePointAt(0) ?? 0) - firstSyllable;
  if (syllable < 0 || syllable > lastSyllable - firstSyllable) return false;
  const code = wanted.codePointAt(0) ?? 0;
  if (code >= firstInitial && code < firstInitial + initials) {
    return Math.floor(syllable / perInitial) === code - firstInitial;
  }
  const typed = code - firstSyllable;
  if (!last || typed < 0 || typed > lastSyllable - firstSyllable || typed % perVowel !== 0) return false;
  return syllable - (syllable % perVowel) === typed;
}
