import { micromark } from 'micromark';
import { gfmStrikethrough, gfmStrikethroughHtml } from 'micromark-extension-gfm-strikethrough';
import { gfmTable, gfmTableHtml } from 'micromark-extension-gfm-table';
import { localBlobUrl } from '../../state/blobs';

/**
 * Renders an article's Markdown (NIP-23: CommonMark, and no HTML) as HTML. Raw HTML comes out as text and links of
 * dangerous protocols lose their target: that is micromark's default. Pictures are taken from this node by their
 * hash; one that has none lies on some other server, and becomes a link to it.
 */
export function renderMarkdown(markdown: string): string {
  const html = micromark(markdown, {
    extensions: [gfmTable(), gfmStrikethrough()],
    htmlExtensions: [gfmTableHtml(), gfmStrikethroughHtml()],
  });
  const page = new DOMParser().parseFromString(html, 'text/html');
  for (const picture of Array.from(page.querySelectorAll('img'))) {
    const local = localBlobUrl(picture.getAttribute('src') ?? '');
    if (local === undefined) picture.replaceWith(linkInstead(page, picture));
    else {
      picture.setAttribute('src', local);
      picture.setAttribute('loading', 'lazy');
    }
  }
  for (const link of Array.from(page.querySelectorAll('a'))) {
    link.setAttribute('rel', 'noopener noreferrer nofollow');
  }
  // One headline a page: the article's title is it, so its own headings begin one step lower.
  for (const level of [3, 2, 1]) {
    for (const heading of Array.from(page.querySelectorAll(`h${level}`))) {
      const lower = page.createElement(`h${level + 1}`);
      lower.append(...Array.from(heading.childNodes));
      heading.replaceWith(lower);
    }
  }
  // A table wider than the phone scrolls in itself.
  for (const table of Array.from(page.querySelectorAll('table'))) {
    const frame = page.createElement('div');
    frame.className = 'prose__table';
    frame.tabIndex = 0;
    table.replaceWith(frame);
    frame.append(table);
  }
  return page.body.innerHTML;
}

function linkInstead(page: Document, picture: HTMLImageElement): HTMLElement {
  const source = picture.getAttribute('src') ?? '';
  const text = picture.getAttribute('alt') || source;
  if (!/^https?:/i.test(source)) {
    const span = page.createElement('span');
    span.textContent = text;
    return span;
  }
  const link = page.createElement('a');
  link.href = source;
  link.textContent = text;
  return link;
}
