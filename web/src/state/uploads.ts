// A video's way from a file to a published event: hash, send, wait while the node makes renditions, publish. It goes on
// while the person is elsewhere in the app; once the node has the bytes, it also survives a reload.
import { signal, type Signal } from '@preact/signals';
import { codeOf } from '../protocol/errors';
import { isHex } from '../protocol/event';
import { authorize, behind, maybeMe, publish, sign, the, whoAmI } from './core';
import { checkSize, sendHashed } from './blobs';
import { buildVideo, parseVideo } from './clips';
import type { StoredUpload } from './db';
import { node, now } from './node';
import { newIdentifier } from './publicfeed';
import type { MediaFile, MediaJob, UploadStage, Video, VideoMeta, VideoUpload } from './types';
import { CodedError } from './types';
import { videoFeed } from './videofeed';

/** Newest first. */
export const uploads: Signal<VideoUpload[]> = signal([]);

/** What only this page has: a reload loses it. */
interface Task {
  stored: StoredUpload;
  file?: File;
  stop?: () => void;
  stopped: boolean;
}

const tasks = new Map<string, Task>();
const firstPoll = 1_000;
const slowestPoll = 10_000;

/** Takes up again what the node already has the bytes of; the rest needs its file again. */
export async function startUploads(): Promise<void> {
  const kept = await whoAmI().db.getAll('uploads');
  for (const stored of kept.sort((a, b) => a.at - b.at)) {
    const task: Task = { stored, stopped: false };
    tasks.set(stored.id, task);
    if (isProcessing(stored.stage)) {
      void run(task);
      continue;
    }
    // What was on its way stays so on disk: another tab may be sending it.
    if (!isOver(stored.stage)) stored.stage = 'stopped';
    show(task, { progress: 0, lost: stored.original === undefined });
  }
}

export function stopUploads(): void {
  for (const task of tasks.values()) {
    task.stopped = true;
    task.stop?.();
  }
  tasks.clear();
  uploads.value = [];
}

/** Returns the upload's id at once; `uploads` shows how it goes. */
export function startVideoUpload(file: File, meta: VideoMeta): string {
  whoAmI();
  if (node.value && !node.value.video) throw new CodedError('no-ffmpeg');
  const type = file.type || 'application/octet-stream';
  if (!type.startsWith('video/') && type !== 'application/octet-stream') throw new CodedError('unsupported-type');
  checkSize(file.size);
  const { title, description, language } = meta;
  const stored: StoredUpload = {
    id: newIdentifier(),
    file: file.name,
    size: file.size,
    type,
    title: title.trim(),
    description: description.trim(),
    language,
    stage: 'hashing',
    at: Date.now(),
  };
  const task: Task = { stored, file, stopped: false };
  tasks.set(stored.id, task);
  show(task, { progress: 0 });
  void run(task);
  return stored.id;
}

/** Stops hashing and sending; the node's own work goes on but nothing is published. */
export function stopUpload(id: string): void {
  const task = tasks.get(id);
  if (!task || isOver(task.stored.stage)) return;
  task.stopped = true;
  task.stop?.();
  setStage(task, 'stopped');
}

/** Begins again where it can: from the file, or from the bytes that the node has. */
export function retryUpload(id: string): void {
  const task = tasks.get(id);
  if (!task || (task.stored.stage !== 'failed' && task.stored.stage !== 'stopped')) return;
  if (!task.file && task.stored.original === undefined) {
    show(task, { lost: true });
    return;
  }
  // A new task in the old one's place: what the old one still does finds itself stopped.
  const next: Task = { stored: { ...task.stored, error: undefined }, file: task.file, stopped: false };
  tasks.set(id, next);
  void run(next);
}

/** Takes one that is over off the list. */
export function dismissUpload(id: string): void {
  const task = tasks.get(id);
  if (!task || !isOver(task.stored.stage)) return;
  tasks.delete(id);
  uploads.value = uploads.value.filter((u) => u.id !== id);
  behind(whoAmI().db.delete('uploads', id));
}

/** Publishes one whose renditions are ready; done without being asked when all goes well. */
export async function publishVideo(id: string): Promise<Video> {
  const task = tasks.get(id);
  const shown = uploads.value.find((u) => u.id === id);
  if (!task?.stored.original || shown?.job?.state !== 'done') throw new CodedError('not-found');
  setStage(task, 'publishing');
  const at = now();
  const template = buildVideo({
    meta: task.stored,
    job: shown.job,
    original: original(task.stored.original, shown.job),
    d: id,
    origin: the().origin,
    publishedAt: at,
    createdAt: at,
  });
  const event = await sign(template);
  await publish(event);
  videoFeed.published(event);
  const result = parseVideo(event);
  if (!result) throw new CodedError('media-failed');
  setStage(task, 'done', { result, progress: 1 });
  return result;
}

async function run(task: Task): Promise<void> {
  const me = maybeMe();
  try {
    if (!task.stored.original) await send(task);
    check(task);
    const job = await process(task);
    check(task);
    setStage(task, 'ready', { job, progress: 1 });
    await publishVideo(task.stored.id);
  } catch (error) {
    if (task.stopped || maybeMe() !== me) return;
    task.stored.error = codeOf(error);
    setStage(task, 'failed', { error: codeOf(error) });
  }
}

const check = (task: Task): void => {
  if (task.stopped) throw new CodedError('stopped');
};

async function send(task: Task): Promise<void> {
  const { file, stored } = task;
  if (!file) throw new CodedError('not-found');
  const onStart = (stop: () => void) => (task.stop = stop);
  setStage(task, 'hashing', { progress: 0 });
  const onProgress = (progress: number) => show(task, { progress });
  stored.sha256 ??= await the().crypto.call('hashFile', file, { onProgress, onStart });
  check(task);
  setStage(task, 'uploading', { progress: 0 });
  const sent = await sendHashed(file, stored.type, stored.sha256, { onSend: onProgress, onStart });
  task.stop = undefined;
  check(task);
  stored.original = { sha256: sent.sha256, size: stored.size, type: sent.type, width: 0, height: 0 };
  setStage(task, 'queued', { progress: 0 });
}

/** Asks for the renditions and waits until they are made. */
async function process(task: Task): Promise<MediaJob> {
  const { api } = the();
  const sha256 = task.stored.original?.sha256 ?? '';
  const order = { method: 'POST', path: '/api/media', body: { sha256 }, authorize } as const;
  let answer = await patiently(task, () => api.call(order));
  let wait = firstPoll;
  for (;;) {
    check(task);
    const job = parseJob(answer);
    const stage = job.state === 'queued' ? 'queued' : 'processing';
    if (job.state === 'done') return job;
    if (job.state === 'failed') throw new CodedError('media-failed', job.error);
    if (job.stage !== shownJob(task)?.stage || job.progress !== shownJob(task)?.progress) wait = firstPoll;
    setStage(task, stage, { job, progress: job.progress, mediaStage: job.stage });
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(slowestPoll, wait * 1.5);
    check(task);
    answer = await patiently(task, () => api.call({ method: 'GET', path: `/api/media/${sha256}` }));
  }
}

const shownJob = (task: Task): MediaJob | undefined => uploads.peek().find((u) => u.id === task.stored.id)?.job;

/** A node that is out of reach or busy is no failure: its work goes on without us. */
async function patiently<T>(task: Task, ask: () => Promise<T>): Promise<T> {
  for (let wait = firstPoll; ; wait = Math.min(slowestPoll, wait * 2)) {
    check(task);
    try {
      return await ask();
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'offline' && code !== 'timeout' && code !== 'rate-limited') throw error;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

/** The original's picture size is known once the node has looked at it. */
const original = (file: MediaFile, job: MediaJob): MediaFile => ({
  ...file,
  type: file.type.startsWith('video/') ? file.type : 'video/mp4',
  width: job.width ?? 0,
  height: job.height ?? 0,
});

function parseJob(a: Record<string, unknown>): MediaJob {
  const { state, source } = a;
  if (state !== 'queued' && state !== 'running' && state !== 'done' && state !== 'failed') {
    throw new CodedError('bad-answer');
  }
  const number = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
  const files = Array.isArray(a.renditions) ? a.renditions.map(parseFile) : [];
  return {
    source: isHex(source) ? source : '',
    state,
    stage: text(a.stage),
    progress: Math.min(1, Math.max(0, number(a.progress) ?? 0)),
    error: text(a.error),
    duration: number(a.duration),
    width: number(a.width),
    height: number(a.height),
    poster: parseFile(a.poster) ?? undefined,
    renditions: files.filter((f): f is MediaFile => f !== null),
  };
}

function parseFile(value: unknown): MediaFile | null {
  if (typeof value !== 'object' || value === null) return null;
  const { sha256, size, type, width, height, bitrate } = value as Record<string, unknown>;
  if (!isHex(sha256) || typeof type !== 'string') return null;
  return {
    sha256,
    type,
    size: Number(size) || 0,
    width: Number(width) || 0,
    height: Number(height) || 0,
    ...(Number(bitrate) > 0 ? { bitrate: Number(bitrate) } : {}),
  };
}

const isProcessing = (stage: UploadStage): boolean =>
  stage === 'queued' || stage === 'processing' || stage === 'ready' || stage === 'publishing';

const isOver = (stage: UploadStage): boolean => stage === 'done' || stage === 'failed' || stage === 'stopped';

/** Changes the stage on screen and on disk. */
function setStage(task: Task, stage: UploadStage, more: Partial<VideoUpload> = {}): void {
  if (tasks.get(task.stored.id) !== task) return;
  task.stored.stage = stage;
  show(task, more);
  const { db } = whoAmI();
  // Once it is published there is nothing to take up again.
  behind(stage === 'done' ? db.delete('uploads', task.stored.id) : db.put('uploads', { ...task.stored }));
}

function show(task: Task, more: Partial<VideoUpload>): void {
  const { id, file, size, title, description, language, stage, error } = task.stored;
  if (tasks.get(id) !== task) return;
  const before = uploads.value.find((u) => u.id === id);
  const lost = more.lost ?? (task.file ? undefined : before?.lost);
  const next: VideoUpload = {
    progress: 0,
    ...before,
    id, file, size, title, description, language, stage, error,
    ...more,
    lost,
  };
  uploads.value = [next, ...uploads.value.filter((u) => u.id !== id)].sort(
    (a, b) => (tasks.get(b.id)?.stored.at ?? 0) - (tasks.get(a.id)?.stored.at ?? 0),
  );
}
