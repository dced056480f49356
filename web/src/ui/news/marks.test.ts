import { describe, expect, it } from 'vitest';
import { applyMark } from './marks';

describe('applyMark', () => {
  it('marks what is selected and keeps it selected', () => {
    const result = applyMark('the lamp is lit', 4, 8, 'bold');
    expect(result.text).toBe('the **lamp** is lit');
    expect(result.text.slice(result.from, result.to)).toBe('lamp');
  });

  it('takes the mark away the second time', () => {
    const once = applyMark('the lamp is lit', 4, 8, 'bold');
    const twice = applyMark(once.text, once.from, once.to, 'bold');
    expect(twice).toEqual({ text: 'the lamp is lit', from: 4, to: 8 });
  });

  it('marks every line that the selection touches', () => {
    expect(applyMark('rice\nsalt\noil', 2, 7, 'list').text).toBe('- rice\n- salt\noil');
    expect(applyMark('- rice\n- salt\noil', 0, 13, 'list').text).toBe('rice\nsalt\noil');
  });

  it('works in an empty text and at its end', () => {
    expect(applyMark('', 0, 0, 'quote').text).toBe('> ');
    expect(applyMark('마당', 2, 2, 'italic').text).toBe('마당**');
    expect(applyMark('first\n', 6, 6, 'heading').text).toBe('first\n## ');
  });
});
