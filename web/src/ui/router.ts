import { signal, type Signal } from '@preact/signals';

// Hash routes, because the server knows one page: `#/messages/abc?x=y`.

export interface Route {
  /** "/messages/abc", never without the first slash. */
  path: string;
  /** ["messages", "abc"], decoded. */
  parts: string[];
  query: URLSearchParams;
  /** Names this entry of the history: the same again when a person comes back to it. */
  entry: number;
}

export function parseHash(hash: string, entry = 0): Route {
  const text = hash.replace(/^#/, '');
  const cut = text.indexOf('?');
  const path = (cut < 0 ? text : text.slice(0, cut)).replace(/\/+$/, '') || '/';
  return {
    path: path.startsWith('/') ? path : `/${path}`,
    parts: path.split('/').filter(Boolean).map(decodePart),
    query: new URLSearchParams(cut < 0 ? '' : text.slice(cut + 1)),
    entry,
  };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a hand-typed "%": taken as it stands
  }
}

/** href of a route: `link('messages', id)` is "#/messages/<id>". */
export function link(...parts: string[]): string {
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

const visited: string[] = [];
let entries = 0;

export const route: Signal<Route> = signal(parseHash(''));

/** True from a navigation until the new page's heading has taken the focus. */
export const focusWanted: Signal<boolean> = signal(false);

/** Follows the address bar. Returns what stops it. */
export function startRouter(): () => void {
  read(false);
  const changed = () => read(true);
  addEventListener('hashchange', changed);
  return () => removeEventListener('hashchange', changed);
}

function read(moved: boolean): void {
  const state = history.state as { entry?: number } | null;
  let entry = state && typeof state.entry === 'number' ? state.entry : -1;
  if (entry < 0) {
    entry = moved ? route.peek().entry + 1 : 0;
    history.replaceState({ entry }, '');
  }
  entries = Math.max(entries, entry);
  visited[entry] = location.hash;
  if (moved) focusWanted.value = true;
  route.value = parseHash(location.hash, entry);
}

/** Goes to "#/…". `replace` leaves no way back to where it was called from. */
export function navigate(href: string, replace = false): void {
  if (!replace) {
    location.hash = href;
    return;
  }
  history.replaceState({ entry: route.peek().entry }, '', href);
  read(true);
}

/** Up to `href`: by going back when that is where the person came from, so that the place in the list is kept. */
export function goUp(href: string): void {
  const before = visited[route.peek().entry - 1];
  if (before === href) history.back();
  else navigate(href);
}
