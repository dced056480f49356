// The list of videos (NIP-71), apart from videos.ts because sending one adds to it.
import { videoKinds } from '../protocol/event';
import { parseVideo } from './clips';
import { publicFeed } from './publicfeed';
import type { Video } from './types';

export const videoFeed = publicFeed<Video>({
  name: 'videos',
  kinds: videoKinds,
  parse: parseVideo,
  time: (v) => v.publishedAt,
  address: (v) => v.address,
});
