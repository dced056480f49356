import { load } from '../kit/picture';

// A phone's photograph is far larger than a code needs; a smaller one is read faster, a larger one sometimes better.
const SIDES = [1000, 1600, 600];

/** What the QR code in a photograph says. Throws when none is found. The decoder comes when it is first needed. */
export async function readQr(file: File): Promise<string> {
  const { decodeQR } = await import('qr/decode.js');
  const url = URL.createObjectURL(file);
  try {
    const image = await load(url);
    for (const side of SIDES) {
      const found = tryAt(image, side, decodeQR);
      if (found) return found.replace(/^nostr:/i, '');
    }
    throw new Error('no code found');
  } finally {
    URL.revokeObjectURL(url);
  }
}

type Decode = (typeof import('qr/decode.js'))['decodeQR'];

function tryAt(image: HTMLImageElement, side: number, decode: Decode): string | null {
  const scale = Math.min(1, side / Math.max(image.naturalWidth, image.naturalHeight));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
  const context = canvas.getContext('2d');
  if (!context) return null;
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
  try {
    return decode({ data, width, height }, { timeLimit: 1500 }) || null;
  } catch {
    return null; // nothing at this size: the next is tried
  }
}
