import { describe, expect, it } from 'vitest';
import { languages, loadCatalogue, type Catalogue } from './index';

const all = Object.fromEntries(
  await Promise.all(languages.map(async ({ code }) => [code, await loadCatalogue(code)] as const)),
);
const english = all.en as Catalogue;

const forms = (text: Catalogue[string] | undefined): string[] =>
  text === undefined ? [] : typeof text === 'string' ? [text] : Object.values(text);
const placeholders = (text: Catalogue[string] | undefined): string[] =>
  [...new Set(forms(text).flatMap((form) => form.match(/\{\w+\}/g) ?? []))].sort();

describe.each(languages)('the texts in $name', ({ code }) => {
  const catalogue = all[code] as Catalogue;

  it('are all there, and no others', () => {
    expect(Object.keys(english).length).toBeGreaterThan(0);
    expect(Object.keys(catalogue).sort()).toEqual(Object.keys(english).sort());
  });

  it('have no empty one', () => {
    const empty = Object.keys(catalogue).filter((key) => {
      const all = forms(catalogue[key]);
      return all.length === 0 || all.some((form) => typeof form !== 'string' || form.trim() === '');
    });
    expect(empty).toEqual([]);
  });

  it('take the same variables', () => {
    for (const key of Object.keys(english)) {
      expect([key, ...placeholders(catalogue[key])]).toEqual([key, ...placeholders(english[key])]);
    }
  });

  it('have exactly the plural forms that the language needs', () => {
    const needed = [...new Intl.PluralRules(code).resolvedOptions().pluralCategories].sort();
    for (const key of Object.keys(english)) {
      expect([key, typeof catalogue[key]]).toEqual([key, typeof english[key]]);
      const text = catalogue[key];
      if (typeof text === 'object') expect([key, ...Object.keys(text).sort()]).toEqual([key, ...needed]);
    }
  });
});
