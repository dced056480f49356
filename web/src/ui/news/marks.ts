export type Mark = 'heading' | 'bold' | 'italic' | 'list' | 'quote';

export interface Marked {
  text: string;
  /** The selection afterwards. */
  from: number;
  to: number;
}

const around: Partial<Record<Mark, string>> = { bold: '**', italic: '*' };
const before: Partial<Record<Mark, string>> = { heading: '## ', list: '- ', quote: '> ' };

/** Puts a Markdown mark around the selection, or before each of its lines; a second time takes it away. */
export function applyMark(text: string, from: number, to: number, mark: Mark): Marked {
  const sign = around[mark];
  return sign !== undefined ? wrap(text, from, to, sign) : prefix(text, from, to, before[mark] ?? '');
}

function wrap(text: string, from: number, to: number, sign: string): Marked {
  const n = sign.length;
  const marked = text.slice(from - n, from) === sign && text.slice(to, to + n) === sign;
  if (marked && from >= n) {
    return { text: text.slice(0, from - n) + text.slice(from, to) + text.slice(to + n), from: from - n, to: to - n };
  }
  return { text: text.slice(0, from) + sign + text.slice(from, to) + sign + text.slice(to), from: from + n, to: to + n };
}

function prefix(text: string, from: number, to: number, sign: string): Marked {
  const start = text.lastIndexOf('\n', from - 1) + 1;
  const next = text.indexOf('\n', to);
  const end = next < 0 ? text.length : next;
  const lines = text.slice(start, end).split('\n');
  const marked = lines.every((line) => line.startsWith(sign));
  const changed = lines.map((line) => (marked ? line.slice(sign.length) : sign + line)).join('\n');
  return { text: text.slice(0, start) + changed + text.slice(end), from: start, to: start + changed.length };
}
