import { CodedError } from '../../state/types';

const LONGEST = 1600;

/**
 * The picture at most `longest` pixels long, as a JPEG (PNG where it has to stay see-through); the file itself when it
 * is small already. Drawing it anew also leaves behind where and with what it was taken. Throws when it is no picture
 * that this browser can read.
 */
export async function scalePicture(file: File, longest = LONGEST): Promise<File> {
  const url = URL.createObjectURL(file);
  try {
    const image = await load(url);
    const scale = Math.min(1, longest / Math.max(image.naturalWidth, image.naturalHeight));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
    canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
    const context = canvas.getContext('2d');
    if (!context) return file;
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const type = file.type === 'image/png' || file.type === 'image/webp' ? 'image/png' : 'image/jpeg';
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, type, 0.85));
    if (!blob) return file;
    const name = file.name.replace(/\.[^.]*$/, '') + (type === 'image/png' ? '.png' : '.jpg');
    return new File([blob], name, { type });
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** A picture that has loaded. */
export function load(url: string): Promise<HTMLImageElement> {
  return new Promise((done, fail) => {
    const image = new Image();
    image.onload = () => done(image);
    image.onerror = () => fail(new CodedError('no-picture'));
    image.src = url;
  });
}
