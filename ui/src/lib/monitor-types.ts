/** Shapes of what is watched: the dashboard, alerts, who is told, logs, the audit. */

import type { components } from './schema.gen';

type Schemas = components['schemas'];

export type Dashboard = Schemas['Dashboard'];
export type HealthPart = Schemas['HealthPart'];
export type Incident = Schemas['Incident'];
export type Traffic = Schemas['Traffic'];
export type TrafficSettings = Schemas['TrafficSettings'];
export type DashboardSeries = Schemas['DashboardSeries'];
export type DashboardLine = Schemas['DashboardLine'];

export type Alert = Schemas['Alert'];
export type AlertLevel = Alert['level'];
export type PastAlert = Schemas['PastAlert'];
export type Alerts = Schemas['Alerts'];
export type AlertRule = Schemas['AlertRule'];
export type AlertRules = Schemas['AlertRules'];

export type NotifyTarget = Schemas['NotifyTarget'];
export type NotifyTargets = Schemas['NotifyTargets'];
export type NotifyKind = NotifyTarget['kind'];
export type NotifyKindFields = Schemas['NotifyKindFields'];
export type NotifyTested = Schemas['NotifyTested'];

export type LogEntry = Schemas['LogEntry'];
export type LogLevel = Schemas['LogLevel'];
export type LogsPage = Schemas['LogsPage'];
export type SupportBundle = Schemas['SupportBundle'];

export type AuditEntry = Schemas['AuditEntry'];
export type AuditPage = Schemas['AuditPage'];
