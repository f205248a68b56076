import type { ReactNode } from 'react';

const PATHS = {
  home: <><path d="M4 11.2 12 4.5l8 6.7M6 9.8v9.7h12V9.8" /><path d="M10 19.5v-5.2h4v5.2" /></>,
  streams: <><circle cx="12" cy="12" r="2.5" /><path d="M7.5 16.5a6.4 6.4 0 0 1 0-9M16.5 7.5a6.4 6.4 0 0 1 0 9M4.5 19.5a10.6 10.6 0 0 1 0-15M19.5 4.5a10.6 10.6 0 0 1 0 15" /></>,
  recordings: <><rect x="3.5" y="4.5" width="17" height="15" rx="2.5" /><path d="M8 4.5v15M16 4.5v15M3.5 9.5H8M3.5 14.5H8M16 9.5h4.5M16 14.5h4.5" /></>,
  outputs: <><circle cx="5.5" cy="12" r="2.2" /><path d="M7.8 12H20M16.5 8.5 20 12l-3.5 3.5M7.5 10.8 13 5h4.5M7.5 13.2 13 19h4.5" /></>,
  channels: <><rect x="3.5" y="7.5" width="17" height="12" rx="2.5" /><path d="m8 3.5 4 4 4-4M10.5 11v5l4-2.5-4-2.5Z" /></>,
  system: <><rect x="3.5" y="4" width="17" height="6.5" rx="2" /><rect x="3.5" y="13.5" width="17" height="6.5" rx="2" /><path d="M7.5 7.2h.01M7.5 16.7h.01M11 7.2h6M11 16.7h6" /></>,
  account: <><circle cx="12" cy="8.5" r="4" /><path d="M4.5 20c.8-3.6 3.8-5.5 7.5-5.5s6.7 1.9 7.5 5.5" /></>,
  copy: <><rect x="8.5" y="8.5" width="12" height="12" rx="2.5" /><path d="M15.5 8.5V6A2.5 2.5 0 0 0 13 3.5H6A2.5 2.5 0 0 0 3.5 6v7A2.5 2.5 0 0 0 6 15.5h2.5" /></>,
  check: <path d="m5 12.5 4.5 4.5L19.5 7" />,
  eye: <><path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12Z" /><circle cx="12" cy="12" r="3" /></>,
  eyeOff: <path d="M4 4l16 16M9.9 5.8A9.3 9.3 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a17 17 0 0 1-2.8 3.6M6.3 7.3A16.6 16.6 0 0 0 2.5 12S6 18.5 12 18.5a9 9 0 0 0 4.4-1.1M9.9 9.9a3 3 0 0 0 4.2 4.2" />,
  qr: <><rect x="4" y="4" width="6" height="6" rx="1" /><rect x="14" y="4" width="6" height="6" rx="1" /><rect x="4" y="14" width="6" height="6" rx="1" /><path d="M14 14h2.5v2.5H14zM20 14v2.5M17.5 20H20M14 20h.01" /></>,
  share: <><path d="M12 15V3.5M8 7l4-3.5L16 7" /><path d="M7 11H6a2 2 0 0 0-2 2v5.5a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2V13a2 2 0 0 0-2-2h-1" /></>,
  open: <path d="M13.5 4H20v6.5M20 4l-9 9M10 5H6a2 2 0 0 0-2 2v11a2 2 0 0 0 2 2h11a2 2 0 0 0 2-2v-4" />,
  rotate: <path d="M20 5v5h-5M4 19v-5h5M19.6 10A8 8 0 0 0 5.6 7M4.4 14a8 8 0 0 0 14 3" />,
  warn: <path d="M12 4 2.8 19.5h18.4L12 4ZM12 10v4.5M12 17.2h.01" />,
  error: <><circle cx="12" cy="12" r="8.7" /><path d="M12 7.5v5.5M12 16.2h.01" /></>,
  info: <><circle cx="12" cy="12" r="8.7" /><path d="M12 11v5.5M12 7.8h.01" /></>,
  sound: <path d="M4 9.5v5h3.5l4.5 4v-13l-4.5 4H4ZM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11" />,
  muted: <path d="M4 9.5v5h3.5l4.5 4v-13l-4.5 4H4ZM16 9.5l5 5M21 9.5l-5 5" />,
  expand: <path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5" />,
  viewers: <><circle cx="9" cy="8.5" r="3.5" /><path d="M2.5 19c.6-3.2 3.2-5 6.5-5s5.9 1.8 6.5 5M15.5 5.3a3.5 3.5 0 0 1 0 6.4M18 14.5c2 .7 3.2 2.3 3.5 4.5" /></>,
  signOut: <path d="M10 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h4M15.5 16.5 20 12l-4.5-4.5M20 12H9.5" />,
  lock: <><rect x="5" y="10.5" width="14" height="9.5" rx="2" /><path d="M8 10.5V8a4 4 0 0 1 8 0v2.5" /></>,
  language: <><circle cx="12" cy="12" r="8.7" /><path d="M3.5 12h17M12 3.3c2.7 2.5 3.7 5.5 3.7 8.7s-1 6.2-3.7 8.7c-2.7-2.5-3.7-5.5-3.7-8.7s1-6.2 3.7-8.7Z" /></>,
  sun: <><circle cx="12" cy="12" r="4" /><path d="M12 2.5V5M12 19v2.5M2.5 12H5M19 12h2.5M5.3 5.3 7 7M17 17l1.7 1.7M18.7 5.3 17 7M7 17l-1.7 1.7" /></>,
  moon: <path d="M20 14.5A8.3 8.3 0 0 1 9.5 4a8.3 8.3 0 1 0 10.5 10.5Z" />,
  auto: <><circle cx="12" cy="12" r="8.5" /><path d="M12 3.5v17a8.5 8.5 0 0 0 0-17Z" fill="currentColor" stroke="none" /></>,
  key: <><circle cx="8" cy="15.5" r="4" /><path d="m11 12.5 8.5-8.5M16 7.5l2.5 2.5M13.5 10l1.5 1.5" /></>,
  link: <><path d="M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1 1" /><path d="M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1-1" /></>,
  more: <path d="M12 5.5h.01M12 12h.01M12 18.5h.01" strokeWidth={2.6} />,
  back: <path d="M14.5 5.5 8 12l6.5 6.5" />,
  programme: <><rect x="3.5" y="5" width="17" height="11.5" rx="2" /><path d="M8.5 20h7M10.5 8.2v5.1l4.3-2.55-4.3-2.55Z" /></>,
  up: <path d="M12 19V5.5M6.5 11 12 5.5l5.5 5.5" />,
  down: <path d="M12 5v13.5M6.5 13l5.5 5.5 5.5-5.5" />,
  plus: <path d="M12 5v14M5 12h14" />,
  edit: <path d="M4 20l1-4L16.5 4.5a2.1 2.1 0 0 1 3 3L8 19l-4 1Z" />,
  trash: <path d="M4.5 7h15M9.5 7V4.5h5V7M6.5 7l.8 12.5h9.4L17.5 7M10 11v5M14 11v5" />,
  rules: <><path d="M4 7h9M17 7h3M4 17h3M11 17h9" /><circle cx="15" cy="7" r="2" /><circle cx="9" cy="17" r="2" /></>,
  pause: <path d="M8.5 5v14M15.5 5v14" />,
  play: <path d="M7.5 4.5v15l12-7.5-12-7.5Z" />,
  skip: <path d="M6 5v14l9-7-9-7ZM18.5 5v14" />,
  camera: <><rect x="3" y="7" width="12.5" height="10" rx="2.2" /><path d="m15.5 10.8 5.5-3v8.4l-5.5-3" /></>,
  grip: <path d="M9 6.5h.01M15 6.5h.01M9 12h.01M15 12h.01M9 17.5h.01M15 17.5h.01" strokeWidth={2.6} />,
  layers: <path d="m12 4 8.5 4.5L12 13 3.5 8.5 12 4ZM3.5 12.5 12 17l8.5-4.5M3.5 16 12 20.5l8.5-4.5" />,
  close: <path d="M6 6l12 12M18 6 6 18" />,
  bucket: <><path d="M4.5 6.5 6.7 19a1.8 1.8 0 0 0 1.8 1.5h7a1.8 1.8 0 0 0 1.8-1.5l2.2-12.5" /><ellipse cx="12" cy="6" rx="7.5" ry="2.7" /></>,
  calendar: <><rect x="4" y="5.5" width="16" height="14.5" rx="2" /><path d="M8 3.5v4M16 3.5v4M4 10.5h16" /></>,
  record: <><circle cx="12" cy="12" r="8.7" /><circle cx="12" cy="12" r="4" fill="currentColor" stroke="none" /></>,
  download: <path d="M12 4v11M7.5 10.5 12 15l4.5-4.5M5 19.5h14" />,
  scissors: <><circle cx="6.5" cy="7" r="2.7" /><circle cx="6.5" cy="17" r="2.7" /><path d="M8.8 8.5 20 17M8.8 15.5 20 7" /></>,
  bell: <path d="M6.5 16.5V11a5.5 5.5 0 0 1 11 0v5.5l1.5 2H5l1.5-2ZM10.2 21h3.6M12 5.5V3.5" />,
  off: <><path d="M12 4v8" /><path d="M7 6.8a7.5 7.5 0 1 0 10 0" /></>,
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof PATHS;

/** Decoration only: the control around it carries the name. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.7}
      strokeLinecap="round"
      strokeLinejoin="round"
      style={{ flex: 'none' }}
    >
      {PATHS[name]}
    </svg>
  );
}
