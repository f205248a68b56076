import type { Alert, AlertRule, LogEntry, NotifyTarget, NotifyTargets } from '../lib/monitor-types';

export function alert(rule: string, change: Partial<Alert> = {}): Alert {
  return {
    id: `${rule}:`,
    rule,
    level: 'warning',
    state: 'firing',
    subject: '',
    since_ms: Date.now() - 90_000,
    message: { key: rule, params: { path: '/data', free_percent: 8, free_gb: 5.2 } },
    text: 'in the words of the server',
    help: 'advice of the server',
    acknowledged: false,
    ...change,
  };
}

export function rule(name: string, change: Partial<AlertRule> = {}): AlertRule {
  return { rule: name, level: 'warning', enabled: true, threshold: 10, unit: 'percent', for_s: 5, min: 1, max: 100, changed: false, ...change };
}

export const KINDS: NotifyTargets['kinds'] = [
  {
    kind: 'webhook',
    fields: [
      { name: 'url', secret: true, required: true, default: '' },
      { name: 'secret', secret: true, required: false, default: '' },
      { name: 'allow_private', secret: false, required: false, default: 'no' },
    ],
  },
  {
    kind: 'email',
    fields: [
      { name: 'host', secret: false, required: true, default: '' },
      { name: 'port', secret: false, required: false, default: '587' },
      { name: 'security', secret: false, required: false, default: 'starttls' },
      { name: 'user', secret: false, required: false, default: '' },
      { name: 'password', secret: true, required: false, default: '' },
      { name: 'from', secret: false, required: true, default: '' },
      { name: 'to', secret: false, required: true, default: '' },
      { name: 'allow_private', secret: false, required: false, default: 'no' },
    ],
  },
];

export function notifyTarget(label: string, change: Partial<NotifyTarget> = {}): NotifyTarget {
  return {
    id: `id-${label}`,
    label,
    kind: 'email',
    hint: 'me@example.com by smtp.example.com',
    fields: { host: 'smtp.example.com', port: '587', security: 'starttls', user: 'me', from: 'a@example.com', to: 'me@example.com', allow_private: 'no' },
    levels: ['critical'],
    language: 'en',
    enabled: true,
    waiting: 0,
    last: null,
    ...change,
  };
}

export function logLine(id: number, change: Partial<LogEntry> = {}): LogEntry {
  return { id: `l${id}`, at_ms: 1_700_000_000_000 + id * 1000, service: 'hooks', level: 'info', text: `line ${id}`, fields: {}, ...change };
}
