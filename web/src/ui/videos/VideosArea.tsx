import { route } from '../router';
import { AddVideo } from './AddVideo';
import { VideoGrid } from './VideoGrid';
import { VideoPage } from './VideoPage';

/** Everything under #/videos: the grid, one video by its address, and adding one. */
export default function VideosArea() {
  const what = route.value.parts[1];
  if (what === undefined) return <VideoGrid />;
  if (what === 'add') return <AddVideo />;
  return <VideoPage key={what} address={what} />;
}
