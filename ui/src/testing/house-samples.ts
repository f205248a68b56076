import type { ApiKey, Backup, Backups, BackupSchedule, Certificate, FrontSettings, HouseService, UpgradeRun, UpgradeSettings, UpgradeStatus, UpgradeWindow } from '../lib/house-types';

const DAY_MS = 86_400_000;

export function houseService(name: string, change: Partial<HouseService> = {}): HouseService {
  return {
    name,
    enabled: true,
    can_disable: false,
    container: {},
    kind: 'process',
    state: 'running',
    since_ms: Date.now() - 60_000,
    restarts: 0,
    pid: 4711,
    detail: '',
    image: '',
    digest: '',
    version: '1.2.3',
    ports: [],
    cpu_percent: 1.25,
    memory_bytes: 52_000_000,
    memory_limit_bytes: null,
    pids: 3,
    health: null,
    last_exit: null,
    can_rollback_image: false,
    media_server: '',
    pull: null,
    ...change,
  };
}

export function certificate(change: Partial<Certificate> = {}): Certificate {
  return {
    provider: 'self',
    domain: 'localhost',
    domains: ['localhost'],
    crt: '',
    issuer: 'Streamstead',
    not_before_ms: Date.now() - DAY_MS,
    not_after_ms: Date.now() + 364 * DAY_MS,
    days_left: 364,
    key_type: 'ECDSA P-256',
    serial: '0123456789abcdef0123',
    trusted: false,
    port: 443,
    managed: false,
    renewal: { auto: true, email: '', challenge: 'http', plugin: null, staging: false, next_at_ms: null, last_at_ms: null, last_ok: null, last_error: null },
    previous: null,
    job: null,
    ...change,
  };
}

export function front(change: Partial<FrontSettings> = {}): FrontSettings {
  return {
    hls: true,
    noHlsCtx: false,
    hlsLowLatency: false,
    homepage: '',
    proxies: [],
    redirect_https: false,
    hsts: false,
    rtmps: false,
    rtmps_port: 1936,
    rtmps_possible: '',
    embed: 'any',
    embed_hosts: [],
    pending: [],
    https_ready: true,
    in_effect: { server: 'embedded', fragment_s: 2, window_s: 10, per_viewer: false },
    ...change,
  };
}

export function upgradeRun(change: Partial<UpgradeRun> = {}): UpgradeRun {
  return {
    id: 'run-1',
    kind: 'upgrade',
    from: '0.1.0',
    to: '0.2.0',
    started_ms: Date.now() - 20_000,
    ended_ms: null,
    by: 'page',
    dry_run: false,
    steps: [
      { name: 'check', state: 'done', at_ms: Date.now(), message: '' },
      { name: 'restart', state: 'running', at_ms: Date.now(), message: 'platform' },
      { name: 'health', state: 'waiting', at_ms: null, message: '' },
    ],
    percent: 60,
    result: '',
    error: null,
    ...change,
  };
}

export function upgradeStatus(change: Partial<UpgradeStatus> = {}): UpgradeStatus {
  return {
    version: '0.1.0',
    release: '0.1.0-abc',
    in_image: false,
    running: false,
    run: null,
    last: null,
    rollback_to: null,
    releases: { stable: '0.2.0', latest: '0.3.0', at_ms: Date.now() - 60_000, error: null },
    strategy: 'manual',
    channel: 'stable',
    source: 'index',
    live_streams: 0,
    waits_for: [],
    ...change,
  };
}

export const UPGRADE_WINDOW: UpgradeWindow = { start: 3, duration: 4, zone: 'Europe/Berlin', open: false, next_open_ms: Date.now() + 5 * 3_600_000 };
export const UPGRADE_SETTINGS: UpgradeSettings = { channel: 'stable', source: 'index', url: '', keys: [], pinned: ['RWpinned'] };

export function backup(change: Partial<Backup> = {}): Backup {
  return {
    id: 'b-1',
    name: 'b-1.ssbackup',
    at_ms: Date.now() - 2 * DAY_MS,
    bytes: 3_200_000,
    version: '0.1.0',
    encrypted: true,
    recordings: false,
    where: 'file',
    verified: true,
    ...change,
  };
}

export function backups(list: Backup[], change: Partial<Backups> = {}): Backups {
  return { backups: list, running: null, last: null, free_bytes: 40_000_000_000, bucket: false, bucket_problem: null, move: [], ...change };
}

export const BACKUP_SCHEDULE: BackupSchedule = {
  enabled: false,
  at: '04:00',
  zone: 'UTC',
  days: [],
  keep: 7,
  to: 'file',
  recordings: false,
  passphrase_set: false,
  next_ms: null,
  last_at_ms: null,
  last_ok: null,
  last_error: '',
};

export function apiKey(label: string, change: Partial<ApiKey> = {}): ApiKey {
  return { id: `id-${label}`, label, scope: 'read', hint: '9f3a', created_ms: Date.now() - DAY_MS, expires_ms: null, last_used_ms: null, created_by: 'admin', ...change };
}
