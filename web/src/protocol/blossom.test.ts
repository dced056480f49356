import { describe, expect, it } from 'vitest';
import { mayUpload, sendBlob, type Upload } from './blossom';
import { FakeXhr } from './fakexhr';

const sha256 = 'a'.repeat(64);
const stored = { sha256, url: `http://node:8080/${sha256}.png`, size: 3, type: 'image/png', uploaded: 1 };

function begin(more: Partial<Upload> = {}) {
  const xhr = new FakeXhr();
  const upload: Upload = {
    origin: 'http://node:8080', file: new Blob(['abc']), sha256, type: 'image/png', token: 'Nostr token',
    request: () => xhr as unknown as XMLHttpRequest, ...more,
  };
  return { xhr, upload, sent: sendBlob(upload) };
}

describe('sending a blob', () => {
  it('tells how far it is, and what the node has stored', async () => {
    const progress: number[] = [];
    const { xhr, sent } = begin({ onProgress: (p) => progress.push(p) });
    expect(xhr.opened).toEqual(['PUT', 'http://node:8080/upload']);
    expect(xhr.headers).toEqual({ Authorization: 'Nostr token', 'Content-Type': 'image/png', 'X-SHA-256': sha256 });
    xhr.upload.onprogress?.({ loaded: 1, total: 4 });
    xhr.upload.onprogress?.({ loaded: 4, total: 4 });
    xhr.answer(201, stored);
    expect(await sent).toMatchObject({ url: stored.url, size: 3 });
    expect(progress).toEqual([0.25, 1]);
  });

  it.each([
    [200, { ...stored, sha256: 'b'.repeat(64) }, 'bad-answer'],
    [200, 'not json', 'bad-answer'],
    [403, '', 'not-allowed'],
    [413, '', 'too-large'],
    [415, '', 'unsupported-type'],
    [429, '', 'rate-limited'],
    [507, '', 'full'],
    [503, '', 'server'],
    [500, '', 'upload-failed'],
  ])('ends on %i %o with a code', async (status, body, code) => {
    const { xhr, sent } = begin();
    xhr.answer(status, body);
    await expect(sent).rejects.toMatchObject({ code });
  });

  it('ends when stopped, and when the line is lost', async () => {
    let stop = () => {};
    const stopped = begin({ onStart: (s) => (stop = s) });
    stop();
    await expect(stopped.sent).rejects.toMatchObject({ code: 'stopped' });
    const lost = begin();
    lost.xhr.onerror?.();
    await expect(lost.sent).rejects.toMatchObject({ code: 'offline' });
  });

  it('is asked for first, with all that the node decides by (BUD-06)', async () => {
    const { upload, xhr, sent } = begin();
    let asked: RequestInit | undefined;
    const node = (status: number): typeof fetch => (_url, init) => {
      asked = init;
      return Promise.resolve(new Response(null, { status, headers: { 'X-Reason': 'no' } }));
    };
    await mayUpload(upload, node(200));
    expect(asked).toMatchObject({
      method: 'HEAD',
      headers: {
        Authorization: 'Nostr token',
        'X-SHA-256': sha256,
        'X-Content-Type': 'image/png',
        'X-Content-Length': '3',
      },
    });
    await expect(mayUpload(upload, node(413))).rejects.toMatchObject({ code: 'too-large', message: 'no' });
    xhr.answer(200, stored);
    await sent;
  });
});
