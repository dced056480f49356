import type { ComponentChild } from 'preact';

const address = /\bhttps?:\/\/[^\s<>"'“”]+/g;

/**
 * Without the full stop or bracket that ends a sentence: it is not part of the address. A loop, because a pattern would
 * begin anew at each of a hostile message's sixty thousand brackets.
 */
function withoutEnd(url: string): string {
  let end = url.length;
  while ('.,;:!?)]}'.includes(url.charAt(end - 1))) end -= 1;
  return url.slice(0, end);
}

/** The text with its web addresses as links; nothing else is read into it. */
export function linked(text: string): ComponentChild[] {
  const parts: ComponentChild[] = [];
  let done = 0;
  for (let found = address.exec(text); found; found = address.exec(text)) {
    const url = withoutEnd(found[0]);
    parts.push(
      text.slice(done, found.index),
      <a href={url} target="_blank" rel="noopener noreferrer" dir="ltr">
        {url}
      </a>,
    );
    done = found.index + url.length;
  }
  address.lastIndex = 0;
  parts.push(text.slice(done));
  return parts;
}
