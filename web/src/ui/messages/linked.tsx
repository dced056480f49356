import type { ComponentChild } from 'preact';

const address = /\bhttps?:\/\/[^\s<>"'“”]+/g;

/** The text with its web addresses as links; nothing else is read into it. */
export function linked(text: string): ComponentChild[] {
  const parts: ComponentChild[] = [];
  let done = 0;
  for (let found = address.exec(text); found; found = address.exec(text)) {
    // A full stop or bracket that ends the sentence is not part of the address.
    const url = found[0].replace(/[.,;:!?)\]}]+$/, '');
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
