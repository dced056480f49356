import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { link, navigate, parseHash, route, startRouter } from './router';

describe('routes', () => {
  it('are read from the hash', () => {
    const r = parseHash('#/messages/a%2Cb?x=y&z=%EB%A7%88%EB%8B%B9');
    expect(r.parts).toEqual(['messages', 'a,b']);
    expect(r.query.get('x')).toBe('y');
    expect(r.query.get('z')).toBe('마당');
  });

  it('take what a person may type', () => {
    expect(parseHash('').path).toBe('/');
    expect(parseHash('#').parts).toEqual([]);
    expect(parseHash('#news').path).toBe('/news');
    expect(parseHash('#//news//').parts).toEqual(['news']);
    expect(parseHash('#/%zz').parts).toEqual(['%zz']);
  });

  it('come back from a link as they went in', () => {
    const parts = ['people', 'a/b?c', '한 글'];
    expect(parseHash(link(...parts)).parts).toEqual(parts);
  });
});

describe('the router', () => {
  let stop: () => void;
  beforeEach(() => {
    location.hash = '#/';
    stop = startRouter();
  });
  afterEach(() => stop());

  it('follows the address', async () => {
    const there = new Promise<void>((done) => {
      const end = route.subscribe((r) => {
        if (r.parts[0] !== 'news') return;
        queueMicrotask(() => end());
        done();
      });
    });
    navigate('#/news');
    await there;
    expect(route.value.path).toBe('/news');
  });

  it('replaces without a new entry', () => {
    const { entry } = route.value;
    navigate('#/card', true);
    expect(route.value.parts).toEqual(['card']);
    expect(route.value.entry).toBe(entry);
  });
});
