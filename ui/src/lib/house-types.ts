/** Shapes of what keeps the house: services, certificate, upgrade, backup, keys, front. */
import type { components } from './schema.gen';

type Schemas = components['schemas'];

export type Certificate = Schemas['HttpsCertificate'];
export type CertificateJob = Schemas['HttpsJob'];
export type HttpsCheck = Schemas['HttpsCheck'];
export type HttpsRenewed = Schemas['HttpsRenewed'];
export type UpgradeStatus = Schemas['UpgradeStatus'];
export type UpgradeRun = Schemas['UpgradeRun'];
export type UpgradeWindow = Schemas['UpgradeWindow'];
export type UpgradeSettings = Schemas['UpgradeSettings'];
export type Backups = Schemas['Backups'];
export type Backup = Schemas['BackupEntry'];
export type BackupJob = Schemas['BackupJob'];
export type BackupSchedule = Schemas['BackupSchedule'];
export type FrontSettings = Schemas['FrontState'];
export type DoctorReport = Schemas['DoctorReport'];
export type ApiKey = Schemas['ApiKey'];
export type NewApiKey = Schemas['ApiKeyMade'];
export type Beian = Schemas['Beian'];

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

export interface ConfigChanges {
  changes: { section: string; what: string; before: string; after: string }[];
  problems: string[];
}
