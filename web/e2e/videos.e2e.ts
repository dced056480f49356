// An editor adds a film; others watch it, and carry it away over a line that breaks.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, Node, someone, type Someone } from './harness';
import { join } from './paths';

const run = promisify(execFile);
const title = 'How the net is mended: 그물';

describe('videos', () => {
  let node: Node;
  let browser: Browser;
  let editor: Someone;
  let watcher: Someone;
  let folder: string;
  let film: string;

  beforeAll(async () => {
    folder = await mkdtemp(path(tmpdir(), 'madang-film-'));
    film = path(folder, 'film.mp4');
    // 60 s of 720p with sound, as a phone would make it.
    await run('ffmpeg', [
      '-hide_banner', '-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=25:duration=60',
      '-f', 'lavfi', '-i', 'sine=frequency=330:duration=60', '-c:v', 'libx264', '-preset', 'ultrafast',
      '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-shortest', film,
    ]);
    node = await Node.start(['--name', 'Harbour']);
    browser = await launch();
    editor = await someone(browser, node.url);
    watcher = await someone(browser, node.url, { acceptDownloads: true });
    await join(editor.page, (await node.madang('invite', '--role', 'editor')).trim(), 'Teacher Oh');
  });

  afterAll(async () => {
    await browser.close();
    await node.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it('takes a film with a bar that tells how far it is, and publishes it by itself', async () => {
    await watcher.page.goto('/#/videos');
    await watcher.page.getByRole('heading', { name: 'No videos yet' }).waitFor();

    const { page } = editor;
    await page.goto('/#/videos/add');
    await page.getByLabel('Video file').setInputFiles(film);
    await page.getByRole('textbox', { name: 'Title' }).fill(title);
    await page.getByRole('textbox', { name: 'What is it about?' }).fill('Old Han shows it slowly.');
    await page.getByRole('button', { name: 'Send and publish' }).click();
    await page.getByRole('progressbar').waitFor();
    await page.getByText('Published', { exact: true }).waitFor({ timeout: 150_000 });
    await watcher.page.getByRole('heading', { name: title }).waitFor();
  });

  it('shows poster, length and size, and plays', async () => {
    const { page } = watcher;
    const card = page.getByRole('link', { name: new RegExp('How the net is mended') });
    expect(await card.textContent()).toMatch(/1:00.*(MB|kB)/);
    const poster = card.locator('img');
    expect(await poster.evaluate((img: HTMLImageElement) => img.decode().then(() => img.naturalWidth))).toBeGreaterThan(0);
    await card.click();
    const player = page.locator('video');
    await player.evaluate((video: HTMLVideoElement) => {
      video.muted = true;
      return video.play();
    });
    await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0.5);
    expect(await player.evaluate((video: HTMLVideoElement) => Math.round(video.duration))).toBe(60);
  });

  it('downloads 240p under its own name, byte for byte', async () => {
    const link = watcher.page.getByRole('link', { name: /^Download 240p/ });
    const href = (await link.getAttribute('href')) ?? '';
    const downloading = watcher.page.waitForEvent('download');
    await link.click();
    const download = await downloading;
    expect(download.suggestedFilename()).toContain('그물');
    expect(download.suggestedFilename()).toMatch(/240p\.mp4$/);
    const bytes = await readFile(await download.path());
    expect(sha256(bytes)).toBe(/[0-9a-f]{64}/.exec(href)?.[0]);
    expect(await link.textContent()).toContain(((await stat(await download.path())).size / 1e6).toFixed(1));
  });

  it('goes on where a download was cut, and ends the same', async () => {
    const links = watcher.page.getByRole('link', { name: /^Download/ });
    expect(await links.count()).toBe(3);
    const href = (await links.nth(1).getAttribute('href')) ?? '';
    const first = await cut(new URL(href, node.url).href, 300_000);
    expect(first.etag).toMatch(/^"[0-9a-f]{64}"$/);
    await node.down('SIGKILL');
    await node.up();
    const rest = await fetch(new URL(href, node.url), {
      headers: { Range: `bytes=${first.bytes.length}-`, 'If-Range': first.etag },
    });
    expect(rest.status).toBe(206);
    const whole = Buffer.concat([first.bytes, Buffer.from(await rest.arrayBuffer())]);
    expect(sha256(whole)).toBe(/[0-9a-f]{64}/.exec(href)?.[0]);
  });

  it('is there without JavaScript', async () => {
    const plain = await someone(browser, node.url, { javaScriptEnabled: false });
    await plain.page.goto('/videos');
    await plain.page.getByRole('link', { name: /How the net is mended/ }).first().click();
    await plain.page.locator('video').waitFor();
    const link = plain.page.getByRole('link', { name: /240p/ }).first();
    const answer = await fetch(new URL((await link.getAttribute('href')) ?? '', node.url), { method: 'HEAD' });
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(answer.headers.get('accept-ranges')).toBe('bytes');
    await plain.context.close();
  });

  it('refuses what is no film, and says so', async () => {
    const { page } = editor;
    await page.goto('/#/videos/add');
    await page.getByLabel('Video file').setInputFiles({ name: 'letter.mp4', mimeType: 'video/mp4', buffer: Buffer.from('Dear all') });
    await page.getByRole('textbox', { name: 'Title' }).fill('Not a film');
    await page.getByRole('button', { name: 'Send and publish' }).click();
    await page.getByText('This did not work').waitFor();
    await watcher.page.goto('/#/videos');
    await watcher.page.getByRole('heading', { name: title }).waitFor();
    expect(await watcher.page.getByRole('heading', { name: 'Not a film' }).count()).toBe(0);
  });

  it('met no trouble on the way', () => {
    expect([...editor.troubles, ...watcher.troubles]).toEqual([]);
  });
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Begins a download and breaks it off after about `most` bytes. */
async function cut(url: string, most: number): Promise<{ bytes: Buffer; etag: string }> {
  const stop = new AbortController();
  const answer = await fetch(url, { signal: stop.signal });
  if (!answer.body) throw new Error('no body');
  const reader = answer.body.getReader();
  const chunks: Uint8Array[] = [];
  for (let size = 0; size < most; ) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    size += value.length;
  }
  stop.abort();
  return { bytes: Buffer.concat(chunks), etag: answer.headers.get('etag') ?? '' };
}
