import type { ComponentChildren } from 'preact';
import './Icon.css';

// One set, 24 px, stroke 1.75, drawn for Madang. Those in `pointing` turn in right-to-left.
const drawings = {
  madang: (
    <>
      <path d="M2.5 10.5C6 10 9.5 7.6 12 4.5c2.5 3.1 6 5.5 9.5 6" />
      <path d="M5.5 10.2V19.5h13v-9.3" />
      <path d="M12 12.5v1.2M12 13.7c1.4 0 2.3 1 2.3 2.1S13.4 18 12 18s-2.3-1.1-2.3-2.2.9-2.1 2.3-2.1z" />
    </>
  ),
  messages: <path d="M4 5.5h16a1 1 0 0 1 1 1v9.5a1 1 0 0 1-1 1h-8.5L7 20.5V17H4a1 1 0 0 1-1-1V6.5a1 1 0 0 1 1-1zM7.5 9.5h9M7.5 13h5.5" />,
  news: <path d="M4 4.5h13v13.5a1.5 1.5 0 0 0 3 0V8.5h-3M4 4.5V18a1.5 1.5 0 0 0 1.5 1.5h13M7 8.5h7M7 12h7M7 15.5h4" />,
  videos: <path d="M3 6a1 1 0 0 1 1-1h16a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1zM10 8.8v6.4l5.2-3.2z" />,
  people: (
    <>
      <circle cx="9" cy="8.5" r="3.25" />
      <path d="M3 19.5c.3-3.6 2.6-5.5 6-5.5s5.7 1.9 6 5.5" />
      <path d="M15.5 5.5a3.2 3.2 0 0 1 0 6M17.5 14.4c2.2.7 3.4 2.5 3.6 5.1" />
    </>
  ),
  more: <path d="M4 7h16M4 12h16M4 17h16" />,
  back: <path d="M15 5l-7 7 7 7" />,
  forward: <path d="M9 5l7 7-7 7" />,
  down: <path d="M5 9l7 7 7-7" />,
  close: <path d="M6 6l12 12M18 6L6 18" />,
  plus: <path d="M12 5v14M5 12h14" />,
  search: <path d="M10.5 4.5a6 6 0 1 1 0 12 6 6 0 0 1 0-12zM15 15l5 5" />,
  check: <path d="M5 12.5l4.5 4.5L19 7.5" />,
  clock: <path d="M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 8v4.3l2.8 1.7" />,
  alert: <path d="M12 4.5L21 19.5H3zM12 10.5v4M12 17v.1" />,
  info: <path d="M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 11.3V16M12 8.2v.1" />,
  send: <path d="M4 5l16.5 7L4 19l2.5-7zM6.5 12H13" />,
  compose: <path d="M19.5 12.5V19a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5.5a1 1 0 0 1 1-1h6.5M9.5 14.5l.6-3L18 3.6l2.4 2.4-7.9 7.9z" />,
  edit: <path d="M4.5 19.5l1-4L16 5l3 3L8.5 18.5zM13.5 7.5l3 3" />,
  trash: <path d="M4.5 7h15M9.5 7V4.5h5V7M6.5 7l.8 12.5h9.4L17.5 7M10.3 10.5v5.5M13.7 10.5v5.5" />,
  download: <path d="M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 19.5h14" />,
  upload: <path d="M12 15.5V4.5M7.5 9L12 4.5 16.5 9M5 19.5h14" />,
  play: <path d="M8 5.5v13l10.5-6.5z" />,
  pause: <path d="M8.5 5.5v13M15.5 5.5v13" />,
  retry: <path d="M19.5 12a7.5 7.5 0 1 1-2.3-5.4M19.5 4v4h-4" />,
  picture: <path d="M4 5.5h16v13H4zM4 16l4.5-4.5 4 4L15 13l5 4.5M15.5 9.2v.1" />,
  camera: (
    <>
      <path d="M3.5 8h4L9 5.5h6L16.5 8h4v11h-17z" />
      <circle cx="12" cy="13.2" r="3.2" />
    </>
  ),
  copy: <path d="M8.5 8.5h11v11h-11zM15.5 8.5v-4h-11v11h4" />,
  print: <path d="M7 9V4.5h10V9M7 16.5H4.5V9h15v7.5H17M7 13.5h10v6H7z" />,
  eye: (
    <>
      <path d="M2.5 12c2.3-4 5.5-6 9.5-6s7.2 2 9.5 6c-2.3 4-5.5 6-9.5 6s-7.2-2-9.5-6z" />
      <circle cx="12" cy="12" r="2.75" />
    </>
  ),
  'eye-off': <path d="M9.5 6.3A9.8 9.8 0 0 1 12 6c4 0 7.2 2 9.5 6a14 14 0 0 1-2.6 3.3M6.3 7.6A13 13 0 0 0 2.5 12c2.3 4 5.5 6 9.5 6 1.8 0 3.4-.4 4.9-1.2M4 4l16 16" />,
  key: (
    <>
      <circle cx="8" cy="15.5" r="3.75" />
      <path d="M10.7 12.8L19 4.5M15.5 8l3 3M18 5.5l1.5 1.5" />
    </>
  ),
  card: <path d="M3 6h18v12.5H3zM6.5 10h4M6.5 14.5h4M14 9.5h4v5h-4z" />,
  language: <path d="M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM4 12h16M12 4c2.4 2.3 3.5 5 3.5 8s-1.1 5.7-3.5 8c-2.4-2.3-3.5-5-3.5-8S9.6 6.3 12 4z" />,
  link: <path d="M10 14a3.8 3.8 0 0 0 5.5 0l3-3A3.9 3.9 0 0 0 13 5.5L11.5 7M14 10a3.8 3.8 0 0 0-5.5 0l-3 3A3.9 3.9 0 0 0 11 18.5l1.5-1.5" />,
  qr: <path d="M4.5 4.5h5.5V10H4.5zM14 4.5h5.5V10H14zM4.5 14H10v5.5H4.5zM14 14h2v2h-2zM19.5 14v2M17.5 19.5h2V18M14 19.5h1" />,
  invite: (
    <>
      <circle cx="10" cy="8.5" r="3.5" />
      <path d="M3.5 19.5c.3-3.7 2.8-5.5 6.5-5.5 1.5 0 2.8.3 3.9.9M18 13.5v6M15 16.5h6" />
    </>
  ),
  logout: <path d="M13.5 4.5H5v15h8.5M10 12h10M16.5 8.5L20 12l-3.5 3.5" />,
  shield: <path d="M12 3.5l7.5 2.7V12c0 4.2-2.7 7-7.5 8.7C7.2 19 4.5 16.2 4.5 12V6.2zM8.8 12l2.3 2.3 4.2-4.3" />,
  offline: <path d="M3 9.5A14 14 0 0 1 7 6.8M11 5.7c3.7-.3 7.2 1 10 3.8M6.2 13a9 9 0 0 1 3-1.9M14.5 11c1.2.5 2.3 1.1 3.3 2M9.5 16.4a4 4 0 0 1 4.8-.1M12 19.5v.1M4 4l16 16" />,
  dice: <path d="M5 5h14v14H5zM9 9v.1M15 9v.1M12 12v.1M9 15v.1M15 15v.1" />,
  bold: <path d="M7.5 5H13a3.4 3.4 0 0 1 0 6.8H7.5zM7.5 11.8H14a3.6 3.6 0 0 1 0 7.2H7.5z" />,
  italic: <path d="M10 5h7M7 19h7M14 5l-4 14" />,
  heading: <path d="M6 5v14M18 5v14M6 12h12" />,
  list: <path d="M9 6.5h11M9 12h11M9 17.5h11M4.5 6.5v.1M4.5 12v.1M4.5 17.5v.1" />,
  quote: <path d="M5 17.5c2.5-1 4-3 4-6V6.5H4.5v5H9M14 17.5c2.5-1 4-3 4-6V6.5h-4.5v5H18" />,
} satisfies Record<string, ComponentChildren>;

export type IconName = keyof typeof drawings;

const pointing: ReadonlySet<string> = new Set<IconName>(['back', 'forward', 'send', 'logout', 'list', 'quote']);

/** A drawing without words. Beside a text it stays silent; alone it needs `label`. */
export function Icon({ name, label, size = 24 }: { name: IconName; label?: string; size?: number }) {
  return (
    <svg
      class={pointing.has(name) ? 'icon icon--points' : 'icon'}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.75"
      stroke-linecap="round"
      stroke-linejoin="round"
      focusable="false"
      role={label ? 'img' : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : 'true'}
    >
      {drawings[name]}
    </svg>
  );
}
