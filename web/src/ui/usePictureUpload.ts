import { useState } from 'preact/hooks';
import { uploadPicture } from '../state/blobs';
import { scalePicture } from './kit';

/**
 * Sends a picture, made smaller first, to at most `longest` pixels. `sending` is 0..1 while that lasts. `onDone` gets
 * its absolute URL, for events, and the one on this node.
 */
export function usePictureUpload(onDone: (picture: { url: string; local: string }) => void, longest?: number) {
  const [sending, setSending] = useState<number | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const send = (file: File) => {
    setSending(0);
    setFailure(null);
    scalePicture(file, longest)
      .then((small) => uploadPicture(small, setSending))
      .then(onDone)
      .catch(setFailure)
      .finally(() => setSending(null));
  };
  return { sending, failure, send };
}
