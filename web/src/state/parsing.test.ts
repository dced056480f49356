import { describe, expect, it } from 'vitest';
import { localBlobUrl } from '../protocol/bloburl';
import type { EventTemplate, NostrEvent } from '../protocol/event';
import { newSecret, publicKey } from '../protocol/keys';
import { addressOf, parseAddress } from '../protocol/nip19';
import { sign } from '../protocol/tokens';
import { buildArticle, parseArticle } from './articles';
import { buildVideo, downloadUrl, parseVideo } from './clips';
import { parseFeeds, parseProfile, parseRoster } from './roster';
import type { MediaJob, Video } from './types';

const secret = newSecret();
const author = publicKey(secret);
const hash = (digit: string) => digit.repeat(64);
const event = (template: Partial<EventTemplate>): NostrEvent =>
  sign({ kind: 1, created_at: 1_700_000_100, tags: [], content: '', ...template }, secret);

describe('blob URLs', () => {
  it.each([
    [`http://far.example/${hash('a')}.jpg`, `/${hash('a')}.jpg`],
    [`https://far.example/some/path/${hash('a')}`, `/${hash('a')}`],
    [`/${hash('A')}.PNG?width=3#x`, `/${hash('a')}.png`],
    [`http://far.example/${hash('a')}/picture.jpg`, undefined],
    [`http://far.example/?${hash('a')}.jpg`, undefined],
    ['javascript:alert(1)', undefined],
    [`http://x/${hash('a')}.jpg"onload`, undefined],
    ['x'.repeat(5000), undefined],
  ])('%s is read here as %s', (url, local) => {
    expect(localBlobUrl(url)).toBe(local);
  });
});

describe('addresses', () => {
  it('lead back to what they name', () => {
    const article = event({ kind: 30023, tags: [['d', '마당/1']] });
    expect(parseAddress(addressOf(article))).toMatchObject({ kind: 30023, pubkey: author, d: '마당/1' });
    const clip = event({ kind: 21 });
    expect(parseAddress(addressOf(clip))).toMatchObject({ id: clip.id, coordinate: clip.id });
    for (const text of ['', 'naddr1', 'npub1xyz', 'x'.repeat(5000), addressOf(article).slice(0, -1)]) {
      expect(parseAddress(text)).toBeNull();
    }
  });
});

describe('articles', () => {
  const draft = {
    title: 'Rain at last', summary: 'Two days of it', content: '# Rain', language: 'ko', section: 'weather',
    image: `http://node:8080/${hash('b')}.webp`, d: 'rain', publishedAt: 1_600_000_000,
  };

  it('come back from their event as they were written', () => {
    const e = event(buildArticle(draft, 1_700_000_000));
    expect(parseArticle(e)).toEqual({
      address: addressOf(e), pubkey: author, d: 'rain', title: 'Rain at last', summary: 'Two days of it',
      image: `/${hash('b')}.webp`, content: '# Rain', language: 'ko', section: 'weather',
      publishedAt: 1_600_000_000, updatedAt: 1_700_000_000, link: undefined,
    });
  });

  it('do without what is absent or not believable', () => {
    const tags = [['d', 'x'], ['title', ' T '], ['published_at', 'soon'], ['image', 'http://tracker/pixel.gif'],
      ['proxy', 'javascript:alert(1)', 'rss'], ['l', 'not a code', 'ISO-639-1']];
    expect(parseArticle(event({ kind: 30023, tags }))).toMatchObject({
      title: 'T', summary: '', publishedAt: 1_700_000_100, image: undefined, link: undefined, language: undefined,
      section: undefined,
    });
    const proxy = ['proxy', 'https://a.example/1', 'rss'];
    const imported = event({ kind: 30023, tags: [['d', 'x'], ['title', 'T'], proxy] });
    expect(parseArticle(imported)?.link).toBe('https://a.example/1');
  });

  it.each([
    { kind: 30024, tags: [['d', 'x'], ['title', 'T']] },
    { kind: 30023, tags: [['title', 'T']] },
    { kind: 30023, tags: [['d', 'x'], ['title', '  ']] },
  ])('are not made of %o', (template) => {
    expect(parseArticle(event(template))).toBeNull();
  });
});

describe('videos', () => {
  const job: MediaJob = {
    source: hash('f'), state: 'done', progress: 1, duration: 61.25, width: 1280, height: 720,
    poster: { sha256: hash('0'), size: 1, type: 'image/jpeg', width: 1280, height: 720 },
    renditions: [
      { sha256: hash('1'), size: 1000, type: 'video/mp4', width: 426, height: 240, bitrate: 400_000 },
      { sha256: hash('2'), size: 3000, type: 'video/mp4', width: 854, height: 480, bitrate: 900_000 },
    ],
  };
  const original = { sha256: hash('f'), size: 9000, type: 'video/quicktime', width: 1280, height: 720 };
  const build = (title = 'Boat') =>
    event(
      buildVideo({
        meta: { title, description: 'Two men build a boat', language: 'en' },
        job, original, d: 'v1', origin: 'http://node:8080', publishedAt: 1_600_000_000, createdAt: 1_700_000_000,
      }),
    );

  it('come back from their event: renditions smallest first, then the original, all on this node', () => {
    const e = build();
    expect(e.kind).toBe(34235);
    const video = parseVideo(e);
    expect(video).toMatchObject({
      title: 'Boat', description: 'Two men build a boat', d: 'v1', duration: 61.25, language: 'en',
      poster: `/${hash('0')}.jpg`, publishedAt: 1_600_000_000,
    });
    expect(video?.renditions.map((r) => [r.url, r.height, r.size, r.bitrate])).toEqual([
      [`/${hash('1')}.mp4`, 240, 1000, 400_000],
      [`/${hash('2')}.mp4`, 480, 3000, 900_000],
      [`/${hash('f')}.mov`, 720, 9000, undefined],
    ]);
  });

  it('are read from every kind of NIP-71, whatever order their imeta is in', () => {
    const imeta = [
      ['imeta', `url https://far/${hash('2')}.mp4`, 'dim 854x480', 'm video/mp4'],
      ['imeta', 'm image/jpeg', `url https://far/${hash('9')}.jpg`],
      ['imeta', 'garbage', 'dim 0x', `x ${hash('1')}`, 'size -5', 'm video/webm'],
    ];
    for (const kind of [21, 22, 34235, 34236]) {
      const video = parseVideo(event({ kind, tags: [['title', 'T'], ['d', 'x'], ...imeta] }));
      expect(video?.renditions.map((r) => r.url)).toEqual([`/${hash('1')}.webm`, `/${hash('2')}.mp4`]);
      expect(video?.duration).toBe(0);
    }
  });

  it.each([
    { kind: 34235, tags: [['title', 'T'], ['d', 'x']] },
    { kind: 34235, tags: [['d', 'x'], ['imeta', `url http://x/${hash('1')}.mp4`]] },
    { kind: 34235, tags: [['title', 'T'], ['d', 'x'], ['imeta', 'url http://elsewhere/film.mp4']] },
    { kind: 1, tags: [['title', 'T'], ['imeta', `url http://x/${hash('1')}.mp4`]] },
  ])('are not made of %#', (template) => {
    expect(parseVideo(event(template))).toBeNull();
  });

  it('are downloaded under a name that a file system takes', () => {
    const video = parseVideo(build('물고기 / "큰" \u202e..\\ 하나')) as Video;
    const [first] = video.renditions;
    const name = first && new URL(downloadUrl(video, first), 'http://x').searchParams.get('name');
    expect(name).toBe('물고기 큰 .. 하나-240p.mp4');
  });
});

describe('roster', () => {
  it('gives each member the highest role', () => {
    const [a, b, c] = [hash('a'), hash('b'), hash('c')] as const;
    const tags = [['-'], ['member', a], ['member', b, 'editor', 'king'], ['member', c, 'operator', 'editor'],
      ['member', 'nobody'], ['p', hash('d')]];
    expect([...parseRoster(event({ kind: 13534, tags }))]).toEqual([[a, 'member'], [b, 'editor'], [c, 'operator']]);
    expect(parseRoster(event({ kind: 1, tags })).size).toBe(0);
  });

  it('knows the feeds', () => {
    const tags = [['d', 'feeds'], ['p', hash('a')], ['p', 'x']];
    expect([...parseFeeds(event({ kind: 30000, tags }))]).toEqual([hash('a')]);
    expect(parseFeeds(event({ kind: 30000, tags: [['d', 'friends'], ['p', hash('a')]] })).size).toBe(0);
  });

  it('takes of a profile what has the right shape', () => {
    const content = JSON.stringify({ name: ' 하늘 ', about: 5, picture: 'http://tracker/x.gif', nip05: 'a@b' });
    expect(parseProfile(event({ kind: 0, content }))).toMatchObject({
      name: '하늘', about: undefined, picture: undefined, nip05: 'a@b',
    });
    for (const broken of ['', 'null', '[]', '{"name":{}}', '"x"']) {
      expect(parseProfile(event({ kind: 0, content: broken })).name).toBeUndefined();
    }
    expect(parseProfile(event({ kind: 0, content: JSON.stringify({ name: 'x'.repeat(500) }) })).name).toHaveLength(40);
  });

  it('takes a name as one line that can be seen and turns nothing around', () => {
    const name = (value: string) => parseProfile(event({ kind: 0, content: JSON.stringify({ name: value }) })).name;
    expect(name('Mina\n\n Operator\u0007')).toBe('Mina Operator');
    expect(name('\u202eanim\u2067 x')).toBe('anim x');
    expect(name('\u3164\u200b \u2060')).toBeUndefined();
    expect(name('مریم\u200cگلی')).toBe('مریم\u200cگلی');
  });
});
