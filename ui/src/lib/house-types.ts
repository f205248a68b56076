/** Shapes of what keeps the house: services, certificate, upgrade, backup, keys, front. */
import type { components } from './schema.gen';

type Schemas = components['schemas'];

export type HouseService = Schemas['HouseService'];
/** Data of the event `pull` of `containers/progress` too. */
export type PullEvent = Schemas['ImagePull'];
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

export interface ConfigChanges {
  changes: { section: string; what: string; before: string; after: string }[];
  problems: string[];
}
