import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NodeApi } from '../protocol/api';
import type { NostrEvent } from '../protocol/event';
import { FakeXhr } from '../protocol/fakexhr';
import type { Relay } from '../protocol/relay';
import { setMe, setUp, whoAmI } from './core';
import { deletePersonDb, openPersonDb } from './db';
import { node } from './node';
import { inProcessCrypto } from './testkit';
import type { MediaJob } from './types';
import {
  dismissUpload, retryUpload, startUploads, startVideoUpload, stopUpload, stopUploads, uploads,
} from './uploads';
import { videoFeed } from './videofeed';

const origin = 'http://node:8080';
const rendition = { sha256: '1'.repeat(64), size: 10, type: 'video/mp4', width: 426, height: 240, bitrate: 1000 };
const crypto = inProcessCrypto();
let published: NostrEvent[];
let job: Partial<MediaJob> & { state: string };
let may: number;
let asked: string[];

const answer: typeof fetch = (url, init) => {
  const path = String(url).slice(origin.length);
  asked.push(`${init?.method ?? 'GET'} ${path.replace(/[0-9a-f]{64}/, '<sha256>')}`);
  if (path === '/upload') return Promise.resolve(new Response(null, { status: may }));
  return Promise.resolve(new Response(JSON.stringify({ source: 'f'.repeat(64), progress: 0.5, ...job })));
};

beforeEach(async () => {
  published = [];
  asked = [];
  may = 200;
  job = { state: 'running', stage: '240p' };
  FakeXhr.all.length = 0;
  vi.stubGlobal('fetch', answer);
  vi.stubGlobal('XMLHttpRequest', FakeXhr);
  const relay = {
    publish: (e: NostrEvent) => {
      published.push(e);
      return Promise.resolve({ ok: true, message: '' });
    },
  } as unknown as Relay;
  setUp(origin, { api: new NodeApi(origin, answer), relay, crypto });
  const pubkey = await crypto.call('generateKey', undefined);
  setMe({ pubkey, db: await openPersonDb(pubkey) });
  node.value = {
    name: '', pubkey, time: 0, version: '', open: true, video: true, memberUploadMax: 1000, editorUploadMax: 1000,
  };
});
afterEach(async () => {
  stopUploads();
  const { db, pubkey } = whoAmI();
  setMe(null);
  db.close();
  await deletePersonDb(pubkey);
  vi.unstubAllGlobals();
});

const file = (bytes = 5) => new File([new Uint8Array(bytes)], 'boat.mp4', { type: 'video/mp4' });
const begin = () => startVideoUpload(file(), { title: ' Boat ', description: 'd', language: 'en' });
const stage = () => uploads.value[0]?.stage;
const sending = () => expect.poll(() => FakeXhr.all.length).toBeGreaterThan(0);
const lastXhr = () => FakeXhr.all[FakeXhr.all.length - 1] as FakeXhr;
const stored = (xhr: FakeXhr) => {
  const sha256 = xhr.headers['X-SHA-256'] ?? '';
  xhr.answer(201, { sha256, url: `${origin}/${sha256}.mp4`, size: 5, type: 'video/mp4' });
};
const renditionsDone = () => {
  job = { state: 'done', progress: 1, duration: 2, width: 640, height: 360, renditions: [rendition] };
};

describe('a video on its way', () => {
  it('is hashed, asked for, sent, worked on and published', async () => {
    const seen: string[] = [];
    const end = uploads.subscribe(([u]) => u && seen[seen.length - 1] !== u.stage && seen.push(u.stage));
    begin();
    await sending();
    lastXhr().upload.onprogress?.({ loaded: 1, total: 2 });
    expect(uploads.value[0]).toMatchObject({ stage: 'uploading', progress: 0.5, file: 'boat.mp4', title: 'Boat' });
    stored(lastXhr());
    await expect.poll(stage).toBe('processing');
    expect(uploads.value[0]).toMatchObject({ progress: 0.5, mediaStage: '240p' });
    renditionsDone();
    await expect.poll(stage).toBe('done');
    end();
    expect(seen).toEqual(['hashing', 'uploading', 'queued', 'processing', 'ready', 'publishing', 'done']);
    expect(asked.slice(0, 3)).toEqual(['HEAD /upload', 'POST /api/media', 'GET /api/media/<sha256>']);
    expect(published).toHaveLength(1);
    expect(published[0]).toMatchObject({ kind: 34235, content: 'd' });
    expect(uploads.value[0]?.result?.renditions.map((r) => r.height)).toEqual([240, 360]);
    expect(videoFeed.items.value.map((v) => v.title)).toContain('Boat');
    expect(await whoAmI().db.getAll('uploads')).toEqual([]);
    dismissUpload(uploads.value[0]?.id ?? '');
    expect(uploads.value).toEqual([]);
  });

  it('goes on after a reload once the node has its bytes', async () => {
    begin();
    await sending();
    stored(lastXhr());
    await expect.poll(stage).toBe('processing');
    await expect.poll(async () => (await whoAmI().db.getAll('uploads'))[0]?.stage).toBe('processing');
    stopUploads(); // as when the page is left
    expect(uploads.value).toEqual([]);
    renditionsDone();
    await startUploads();
    await expect.poll(stage).toBe('done');
    expect(published).toHaveLength(1);
    expect(published[0]?.tags).toContainEqual(['title', 'Boat']);
  });

  it('needs its file again when the page was left before that', async () => {
    begin();
    await sending();
    stopUploads();
    await startUploads();
    expect(uploads.value[0]).toMatchObject({ stage: 'stopped', lost: true });
    retryUpload(uploads.value[0]?.id ?? '');
    expect(stage()).toBe('stopped');
  });

  it('stops when told, and begins again when told', async () => {
    const id = begin();
    await sending();
    stopUpload(id);
    expect(stage()).toBe('stopped');
    retryUpload(id);
    await expect.poll(() => FakeXhr.all.length).toBe(2);
    expect(stage()).toBe('uploading');
    stored(lastXhr());
    renditionsDone();
    await expect.poll(stage).toBe('done');
    expect(published).toHaveLength(1);
  });

  it('fails with a code: refused by the node, lost on the line, or no video at all', async () => {
    may = 413;
    const id = begin();
    await expect.poll(() => uploads.value[0]?.error).toBe('too-large');
    may = 200;
    retryUpload(id);
    await sending();
    lastXhr().onerror?.();
    await expect.poll(() => uploads.value[0]?.error).toBe('offline');
    retryUpload(id);
    await expect.poll(() => FakeXhr.all.length).toBe(2);
    job = { state: 'failed', error: 'no picture in it' };
    stored(lastXhr());
    await expect.poll(() => uploads.value[0]?.error).toBe('media-failed');
    renditionsDone();
    retryUpload(id); // the node has the bytes: they are not sent again
    await expect.poll(stage).toBe('done');
    expect(uploads.value[0]?.error).toBeUndefined();
    expect(FakeXhr.all).toHaveLength(2);
  });

  it('is refused at once when it is too large, no video, or the node cannot', () => {
    const meta = { title: 't', description: '', language: 'en' };
    expect(() => startVideoUpload(file(1001), meta)).toThrow(expect.objectContaining({ code: 'too-large' }));
    const text = new File(['x'], 'x.txt', { type: 'text/plain' });
    expect(() => startVideoUpload(text, meta)).toThrow(expect.objectContaining({ code: 'unsupported-type' }));
    if (node.value) node.value = { ...node.value, video: false };
    expect(() => startVideoUpload(file(), meta)).toThrow(expect.objectContaining({ code: 'no-ffmpeg' }));
    expect(uploads.value).toEqual([]);
  });
});
