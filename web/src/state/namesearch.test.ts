import { describe, expect, it } from 'vitest';
import { fold, matchesName } from './namesearch';

describe('finding people by name', () => {
  it.each([
    ['마당', 'ㅁㄷ'],
    ['마당', 'ㅁ'],
    ['마당', '마ㄷ'],
    ['마당', '마다'],
    ['마당', '당'],
    ['김하늘', 'ㅎㄴ'],
    ['김하늘', 'ㄱㅎㄴ'],
    ['꽃님', 'ㄲ'],
    ['마당'.normalize('NFD'), '마당'],
    ['마당', '마당'.normalize('NFD')],
    ['José', 'jose'],
    ['JOSE', 'josé'],
    ['Ｍａｄａｎｇ', 'madang'],
    ['Straße', 'STRASSE'],
    ['مُحَمَّد', 'محمد'],
    ['Anna Maria', 'maria'],
    ['anything', ''],
    ['anything', '  '],
  ])('%s is found by %s', (name, query) => {
    expect(matchesName(name, query)).toBe(true);
  });

  it.each([
    ['마당', 'ㄷㅁ'],
    ['마당', '마답'],
    ['마당', '다마'],
    ['마당', 'ㅁㄷㅂ'],
    ['당마', '마당'],
    ['Anna', 'b'],
    ['', 'x'],
  ])('%s is not found by %s', (name, query) => {
    expect(matchesName(name, query)).toBe(false);
  });

  it('folds away case, width and accents', () => {
    expect(fold(' ÀÉ Ｂ ')).toBe('ae b');
  });
});
