import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as catalogues from '../i18n';
import {
  chooseLanguage, formatDay, formatDuration, formatNumber, formatSize, language, setLanguage, startLanguage, t,
} from './i18n';

const texts: Record<string, catalogues.Catalogue> = {
  en: {
    'test.letters': { one: '{count} letter', other: '{count} letters' },
    'test.hello': 'Hello, {name}',
    'test.zero': { one: '1', other: 'other' },
  },
  ko: { 'test.letters': { other: '편지 {count}통' } },
  ar: {
    'test.letters': {
      zero: 'لا رسائل', one: 'رسالة', two: 'رسالتان', few: '{count} رسائل', many: '{count} رسالةً', other: '{count} رسالة',
    },
  },
};

beforeEach(() => {
  vi.spyOn(catalogues, 'loadCatalogue').mockImplementation((code) => Promise.resolve(texts[code] ?? {}));
});

describe('texts', () => {
  it('take variables, and leave alone what they were not given', async () => {
    await setLanguage('en');
    expect(t('test.hello', { name: 'Ama {count}' })).toBe('Hello, Ama {count}');
    expect(t('test.hello', { other: 1 })).toBe('Hello, {name}');
    expect(t('test.unknown')).toBe('test.unknown');
  });

  it.each<[string, [number, string][]]>([
    ['en', [[0, '0 letters'], [1, '1 letter'], [2, '2 letters'], [1200, '1,200 letters']]],
    ['ko', [[0, '편지 0통'], [1, '편지 1통'], [1200, '편지 1,200통']]],
    ['ar', [[0, 'لا رسائل'], [1, 'رسالة'], [2, 'رسالتان']]],
  ])('count in %s', async (code, cases) => {
    await setLanguage(code);
    for (const [count, text] of cases) expect(t('test.letters', { count })).toBe(text);
  });

  it('use all six forms of Arabic', async () => {
    await setLanguage('ar');
    const number = (n: number) => new Intl.NumberFormat('ar').format(n);
    expect(t('test.letters', { count: 3 })).toBe(`${number(3)} رسائل`);
    expect(t('test.letters', { count: 11 })).toBe(`${number(11)} رسالةً`);
    expect(t('test.letters', { count: 100 })).toBe(`${number(100)} رسالة`);
  });
});

describe('the language', () => {
  it('is the first wish that we have', () => {
    expect(chooseLanguage(['fr-FR', 'ko-KR', 'en'])).toBe('ko');
    expect(chooseLanguage(['ar-EG'])).toBe('ar');
    expect(chooseLanguage(['fr'])).toBe('en');
    expect(chooseLanguage([])).toBe('en');
  });

  it('is remembered on the device, over what the browser wishes', async () => {
    const kept = new Map<string, string>();
    vi.stubGlobal('localStorage', {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    });
    await startLanguage(['en']);
    expect(language.value).toBe('en');
    await setLanguage('ko');
    await startLanguage(['en']);
    expect(language.value).toBe('ko');
    vi.unstubAllGlobals();
  });
});

describe('formats', () => {
  beforeEach(() => setLanguage('en'));

  it('sizes', () => {
    expect([0, 1, 999, 1000, 999_600, 4_200_000, 42_000_000, 5_000_000_000].map(formatSize)).toEqual([
      '0 bytes', '1 byte', '999 bytes', '1 kB', '1 MB', '4.2 MB', '42 MB', '5 GB',
    ]);
  });

  it('durations', () => {
    expect([0, 9.6, 61, 3599.6, 3723].map(formatDuration)).toEqual(['0:00', '0:10', '1:01', '1:00:00', '1:02:03']);
  });

  it('days', () => {
    const noon = new Date(2024, 4, 15, 12).getTime() / 1000; // a Wednesday, wherever the clock is
    const day = 86_400;
    expect(formatDay(noon, noon)).toBe('Today');
    expect(formatDay(noon - 13 * 3600, noon)).toBe('Yesterday');
    expect(formatDay(noon - 3 * day, noon)).toBe('Sunday');
    expect(formatDay(noon - 20 * day, noon)).toBe('April 25');
    expect(formatDay(noon - 400 * day, noon)).toBe('April 11, 2023');
  });

  it('numbers in the digits of the language', async () => {
    await setLanguage('ar');
    expect(formatNumber(1234)).toBe(new Intl.NumberFormat('ar').format(1234));
  });
});
