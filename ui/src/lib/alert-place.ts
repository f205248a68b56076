// By the word that a key begins with: `disk_low`, `disk.low`.
const PLACES = {
  stream: '/streams',
  streams: '/streams',
  nobody: '/streams',
  viewers: '/streams/statistics',
  output: '/outputs',
  outputs: '/outputs',
  programme: '/outputs/programme',
  recorder: '/recordings',
  recording: '/recordings',
  recordings: '/recordings',
  upload: '/recordings/storage',
  storage: '/recordings/storage',
  disk: '/recordings/retention',
  channel: '/channels',
  transcode: '/channels/transcode',
  service: '/system',
  services: '/system',
  media: '/system',
  manager: '/system',
  containers: '/system',
  engine: '/system',
  redis: '/system',
  store: '/system',
  events: '/system',
  certificate: '/system/https',
  upgrade: '/system/upgrade',
  backup: '/system/backup',
  cpu: '/system/monitoring',
  load: '/system/monitoring',
  memory: '/system/monitoring',
  swap: '/system/monitoring',
  traffic: '/system/monitoring',
  clock: '/system/monitoring',
  more: '/system/alerts',
  alert: '/system/alerts',
  alerts: '/system/alerts',
  auth: '/system/audit',
  sign: '/system/audit',
  webhook: '/system/webhooks',
  front: '/system/settings',
} as const;

export type AlertPlace = (typeof PLACES)[keyof typeof PLACES];

/** The page where something can be done about what `key` (of an alert, an event or a part of the sentence) tells. */
export function alertPlace(key: string): AlertPlace | null {
  const subject = /^[a-z]+/.exec(key)?.[0] ?? '';
  return subject in PLACES ? PLACES[subject as keyof typeof PLACES] : null;
}
