import { useState } from 'preact/hooks';
import { uploadPicture } from '../../state/blobs';
import { scalePicture } from '../kit';

/** Sends a picture, made smaller first; `sending` is 0..1 while that lasts. */
export function usePictureUpload(onDone: (url: string) => void) {
  const [sending, setSending] = useState<number | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const send = (file: File) => {
    setSending(0);
    setFailure(null);
    scalePicture(file)
      .then((small) => uploadPicture(small, setSending))
      .then((picture) => onDone(picture.url))
      .catch(setFailure)
      .finally(() => setSending(null));
  };
  return { sending, failure, send };
}
