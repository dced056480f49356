// Videos: the grid, one of them, and sending new ones.
import type { ReadonlySignal } from '@preact/signals';
import { deletePublished } from './publicfeed';
import { videoFeed } from './videofeed';
import type { Video } from './types';

export { downloadUrl } from './clips';
export { dismissUpload, publishVideo, retryUpload, startVideoUpload, stopUpload, uploads } from './uploads';

/** Latest first. */
export const videos = videoFeed.items;
export const videosLoad = videoFeed.load;
/** Whether older ones can be loaded. */
export const moreVideos = videoFeed.more;
export const startVideos = (): Promise<void> => videoFeed.start();
export const loadMoreVideos = (): Promise<void> => videoFeed.loadMore();

/** undefined while it is looked for, null when there is none. */
export const video = (address: string): ReadonlySignal<Video | null | undefined> => videoFeed.one(address);

export const deleteVideo = (address: string): Promise<void> => deletePublished(videoFeed, address);
