import { useState } from 'preact/hooks';
import './Avatar.css';

export interface AvatarProps {
  /** Whose initials stand in when there is no picture. */
  name: string;
  /** Local URL. */
  picture?: string;
  /** What the colour comes from: the public key, so that two people of one name differ. */
  seed: string;
  /** Pixels; 44 in rows. */
  size?: 32 | 44 | 64 | 96;
}

const COLOURS = 8;

/** Beside a name, hence silent for screen readers. */
export function Avatar({ name, picture, seed, size = 44 }: AvatarProps) {
  const [broken, setBroken] = useState('');
  const frame = `avatar avatar--${size}`;
  if (picture && broken !== picture) {
    return (
      <span class={frame} aria-hidden="true">
        <img class="avatar__picture" src={picture} alt="" loading="lazy" decoding="async" onError={() => setBroken(picture)} />
      </span>
    );
  }
  return (
    <span class={`${frame} avatar--colour${parseInt(seed.slice(0, 6) || '0', 16) % COLOURS || 0}`} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

/** First letters of the first and last word; of a Korean or Chinese name its last two signs, as people there shorten. */
export function initials(name: string): string {
  const words = name.trim().split(/[\s._-]+/).filter(Boolean);
  if (words.length === 0) return '·';
  const first = Array.from(words[0] as string);
  if (/[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/.test(first[0] as string)) {
    return first.length > 2 ? first.slice(-2).join('') : first.join('');
  }
  // Arabic letters join: two initials side by side would read as a word.
  if (words.length === 1 || /[\u0590-\u08ff]/.test(first[0] as string)) return (first[0] as string).toUpperCase();
  const last = Array.from(words[words.length - 1] as string);
  return ((first[0] as string) + (last[0] as string)).toUpperCase();
}
