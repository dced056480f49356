import { signal, type Signal } from '@preact/signals';
import { languages, loadCatalogue, type Catalogue } from '../i18n';

export { languages };

export const language: Signal<string> = signal('en');
const catalogue: Signal<Catalogue> = signal({});
const storageKey = 'madang.language';

/** The best of our languages for a person's list of wishes (BCP 47), English when none fits. */
export function chooseLanguage(wishes: readonly string[]): string {
  for (const wish of wishes) {
    const base = wish.toLowerCase().split('-')[0];
    const known = languages.find((l) => l.code === base);
    if (known) return known.code;
  }
  return 'en';
}

/** Loads the language chosen before, or else the best for `wishes`. */
export async function startLanguage(wishes: readonly string[]): Promise<void> {
  const stored = remembered();
  await use(stored !== null && languages.some((l) => l.code === stored) ? stored : chooseLanguage(wishes));
}

/** Loads and shows a language and remembers the choice on this device. */
export async function setLanguage(code: string): Promise<void> {
  await use(code);
  try {
    localStorage.setItem(storageKey, code);
  } catch {
    // Storage is refused: the choice holds until the page is left.
  }
}

async function use(code: string): Promise<void> {
  const texts = await loadCatalogue(code);
  catalogue.value = texts;
  language.value = code;
}

function remembered(): string | null {
  try {
    return localStorage.getItem(storageKey);
  } catch {
    return null;
  }
}

const pluralRules = new Map<string, Intl.PluralRules>();

function pluralOf(code: string, count: number): Intl.LDMLPluralRule {
  let rules = pluralRules.get(code);
  if (!rules) {
    rules = new Intl.PluralRules(code);
    pluralRules.set(code, rules);
  }
  return rules.select(count);
}

/**
 * The text for `area.key` in the chosen language. `{name}` takes the variable of that name; numbers are written in the
 * language's way. A text with plural forms is chosen by `vars.count`. A missing key shows itself.
 */
export function t(key: string, vars?: Record<string, string | number>): string {
  const code = language.value;
  const entry = catalogue.value[key];
  if (entry === undefined) return key;
  const form = () => pluralOf(code, Number(vars?.count ?? 0));
  const text = typeof entry === 'string' ? entry : (entry[form()] ?? entry.other ?? key);
  if (!vars) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = vars[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? formatNumber(value) : value;
  });
}

/** Whether the catalogue has a text for `key`. */
export function hasText(key: string): boolean {
  return catalogue.value[key] !== undefined;
}

export function formatNumber(n: number, options?: Intl.NumberFormatOptions): string {
  return new Intl.NumberFormat(language.value, options).format(n);
}

/** "14:05" or "2:05 PM". `at` in Unix seconds. */
export function formatTime(at: number): string {
  return new Intl.DateTimeFormat(language.value, { hour: 'numeric', minute: '2-digit' }).format(at * 1000);
}

/** "12 May 2024". `at` in Unix seconds. */
export function formatDate(at: number): string {
  return new Intl.DateTimeFormat(language.value, { year: 'numeric', month: 'long', day: 'numeric' }).format(at * 1000);
}

/** "Today", "Yesterday", a weekday within the last week, else the date; years only when it is not this one. */
export function formatDay(at: number, now: number = Date.now() / 1000): string {
  const days = dayNumber(now) - dayNumber(at);
  if (days === 0 || days === 1) {
    const text = new Intl.RelativeTimeFormat(language.value, { numeric: 'auto' }).format(-days, 'day');
    return text.charAt(0).toLocaleUpperCase(language.value) + text.slice(1);
  }
  const date = new Date(at * 1000);
  if (days > 1 && days < 7) return new Intl.DateTimeFormat(language.value, { weekday: 'long' }).format(date);
  const sameYear = date.getFullYear() === new Date(now * 1000).getFullYear();
  return new Intl.DateTimeFormat(language.value, {
    month: 'long',
    day: 'numeric',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(date);
}

/** The local calendar day as a count of days, so that two of them can be subtracted. */
function dayNumber(at: number): number {
  const d = new Date(at * 1000);
  return Math.round(Date.UTC(d.getFullYear(), d.getMonth(), d.getDate()) / 86_400_000);
}

/** "4.2 MB", in units of 1000. */
export function formatSize(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return formatNumber(value, {
    style: 'unit',
    unit: units[unit],
    unitDisplay: unit === 0 ? 'long' : 'short',
    maximumFractionDigits: unit > 0 && value < 10 ? 1 : 0,
  });
}

/** "1:02:03" or "2:03", digits in the language's way. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = { minimumIntegerDigits: 2 };
  const h = Math.floor(whole / 3600);
  const m = Math.floor((whole % 3600) / 60);
  const s = whole % 60;
  const tail = `${formatNumber(m, h > 0 ? two : {})}:${formatNumber(s, two)}`;
  return h > 0 ? `${formatNumber(h)}:${tail}` : tail;
}
