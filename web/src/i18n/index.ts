import type { Catalogue } from './join';

export type { Catalogue };

export const languages: { code: string; name: string; dir: 'ltr' | 'rtl' }[] = [
  { code: 'en', name: 'English', dir: 'ltr' },
  { code: 'ko', name: '한국어', dir: 'ltr' },
  { code: 'ar', name: 'العربية', dir: 'rtl' },
];

// One lazy chunk a language: `import.meta.glob` makes each area a file, and the build joins a language's files.
const loaders: Record<string, () => Promise<{ default: Catalogue }>> = {
  en: () => import('./en'),
  ko: () => import('./ko'),
  ar: () => import('./ar'),
};

export async function loadCatalogue(code: string): Promise<Catalogue> {
  const load = loaders[code];
  if (!load) throw new Error(`no such language: ${code}`);
  return (await load()).default;
}
