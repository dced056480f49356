const rightToLeft = new Set(['ar', 'ckb', 'dv', 'fa', 'he', 'ps', 'sd', 'ug', 'ur', 'yi']);

/** The direction in which a text of this language runs; where the language is not known, the text itself tells. */
export function directionOf(language: string | undefined): 'ltr' | 'rtl' | 'auto' {
  if (language === undefined) return 'auto';
  return rightToLeft.has(language.toLowerCase().split('-')[0] ?? '') ? 'rtl' : 'ltr';
}
