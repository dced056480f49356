// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest';
import { renderMarkdown } from './markdown';

const hash = 'a'.repeat(64);

function dom(markdown: string): HTMLElement {
  const place = document.createElement('div');
  place.innerHTML = renderMarkdown(markdown);
  return place;
}

describe('renderMarkdown', () => {
  it('shows HTML as the text that it is', () => {
    const place = dom('<script>alert(1)</script> <img src=x onerror=alert(1)>\n\n<div onclick="x()">hm</div>');
    expect(place.querySelector('script, img, div')).toBeNull();
    expect(place.textContent).toContain('<script>alert(1)</script>');
  });

  it('follows no dangerous link', () => {
    const links = dom('[a](javascript:alert(1)) [b](data:text/html,x) [c](https://example.org/)').querySelectorAll('a');
    expect(Array.from(links, (a) => a.getAttribute('href'))).toEqual(['', '', 'https://example.org/']);
  });

  it('reads a picture by its hash from this node', () => {
    const picture = dom(`![boats](http://other.village:8080/${hash}.jpg)`).querySelector('img');
    expect(picture?.getAttribute('src')).toBe(`/${hash}.jpg`);
    expect(picture?.getAttribute('alt')).toBe('boats');
  });

  it('links a picture that lies elsewhere instead of fetching it', () => {
    const place = dom('![tracker](https://example.org/pixel.gif) ![](ftp://example.org/b.gif)');
    expect(place.querySelector('img')).toBeNull();
    expect(place.querySelector('a')?.getAttribute('href')).toBe('https://example.org/pixel.gif');
  });

  it('keeps one first heading a page', () => {
    const place = dom('# One\n\n## Two\n\n### Three');
    expect(place.querySelector('h1')).toBeNull();
    expect(place.querySelector('h2')?.textContent).toBe('One');
    expect(place.querySelector('h3')?.textContent).toBe('Two');
    expect(place.querySelector('h4')?.textContent).toBe('Three');
  });

  it('lets a wide table scroll in itself', () => {
    const place = dom('| day | boat |\n| --- | --- |\n| 1 | yes |');
    expect(place.querySelector('.prose__table > table td')?.textContent).toBe('1');
  });
});
