/** Shapes of what keeps the house: services, certificate, upgrade, backup, keys, front. */

export interface HouseService {
  name: string;
  enabled: boolean;
  can_disable: boolean;
  kind: string;
  state: string;
  since_ms: number;
  restarts: number;
  pid: number | null;
  detail: string;
  image: string;
  digest: string;
  version: string;
  ports: { port: number; proto: string; public: boolean }[];
  cpu_percent: number | null;
  memory_bytes: number | null;
  memory_limit_bytes: number | null;
  pids: number | null;
  health: { ok: boolean; detail: string; at_ms: number } | null;
  last_exit: { at_ms: number; status: number; reason: string; lines: string[] } | null;
  newer_image: boolean | null;
}

/** Data of the event `pull` of `containers/progress`. */
export interface PullEvent {
  name: string;
  image: string;
  done_bytes: number;
  total_bytes: number;
  state: string;
  message: string;
}

export interface Problem {
  key: string;
  message: string;
  help: string;
}

/** One finding of a check before something is done, or of the doctor. */
export interface CheckItem {
  id: string;
  level: string;
  title?: string;
  message: string;
  help: string;
}

export interface JobStep {
  id: string;
  state: string;
  message: string;
}

export interface CertificateJob {
  kind: string;
  state: string;
  steps: JobStep[];
  error: Problem | null;
  started_ms: number;
}

export interface Certificate {
  provider: string;
  domain: string;
  domains: string[];
  issuer: string;
  not_before_ms: number;
  not_after_ms: number;
  days_left: number;
  key_type: string;
  serial: string;
  renewal: {
    auto: boolean;
    email: string;
    challenge: string;
    plugin: string;
    staging: boolean;
    next_at_ms: number | null;
    last_at_ms: number | null;
    last_ok: boolean | null;
    last_error: Problem | null;
  };
  previous: { domains: string[]; not_after_ms: number } | null;
  job: CertificateJob | null;
}

export interface UpgradeStep {
  name: string;
  state: string;
  at_ms: number;
  message: string;
}

export interface UpgradeRun {
  id: string;
  kind: string;
  from: string;
  to: string;
  started_ms: number;
  ended_ms: number | null;
  by: string;
  dry_run: boolean;
  steps: UpgradeStep[];
  percent: number;
  result: string;
  error: Problem | null;
}

export interface UpgradeStatus {
  version: string;
  running: boolean;
  run: UpgradeRun | null;
  last: UpgradeRun | null;
  rollback_to: string | null;
  releases: { stable: string; latest: string; at_ms: number | null; error: string | null };
  strategy: string;
  channel: string;
  source: string;
  live_streams: number;
  waits_for: string;
}

export interface UpgradeWindow {
  start: string;
  duration: string;
  zone: string;
  open: boolean;
  next_open_ms: number | null;
}

export interface UpgradeSettings {
  channel: string;
  source: string;
  url: string;
  keys: string[];
}

export interface Backup {
  id: string;
  at_ms: number;
  bytes: number;
  version: string;
  encrypted: boolean;
  recordings: boolean;
  where: string;
  verified: boolean;
  name: string;
}

export interface Backups {
  backups: Backup[];
  running: CertificateJob | null;
  free_bytes: number;
}

export interface BackupSchedule {
  enabled: boolean;
  at: string;
  zone: string;
  days: number[];
  keep: number;
  to: string;
}

export interface ConfigChanges {
  changes: { section: string; what: string; before: string; after: string }[];
  problems: string[];
}

export interface HouseKey {
  id: string;
  label: string;
  scope: string;
  hint: string;
  created_ms: number;
  expires_ms: number | null;
  last_used_ms: number | null;
  created_by: string;
}

export interface FrontSettings {
  hls: boolean;
  noHlsCtx: boolean;
  hlsLowLatency: boolean;
  homepage: string;
  proxies: { location: string; backend: string }[];
  redirect_https: boolean;
  hsts: boolean;
  rtmps: boolean;
  rtmps_port: number;
  embed: string;
  embed_hosts: string[];
  pending: { name: string; reason: string }[];
  https_ready: boolean;
}

export interface Beian {
  icp?: string;
  title?: string;
}

export interface DoctorReport {
  items: CheckItem[];
  at_ms: number;
}
