/** Short names for the shapes of the API, generated from `openapi.json` by `npm run gen`. */
import type { components } from './schema.gen';

type Schemas = components['schemas'];

export type InitState = Schemas['InitState'];
export type Session = Schemas['SessionToken'];
export type Envs = Schemas['Envs'];
export type Viewers = Schemas['Viewers'];
export type Stream = Schemas['Stream'];
export type Service = Schemas['ServiceState'];
export type SystemStatus = Schemas['Status'];
export type Demo = Schemas['DemoState'];
export type PublishSecret = Schemas['PublishSecret'];
export type WatchFacts = Schemas['Watch'] & { title: string; access: string; allowed: boolean; reason: string | null };

export interface HookTarget {
  id: string;
  label: string;
  url: string;
  types: string[];
  enabled: boolean;
  allow_private: boolean;
  blocking: boolean;
  fallback: 'refuse' | 'accept';
  created_ms: number;
  pending: number;
  dropped: number;
  last_ok_ms?: number | null;
  last_error?: string | null;
}

export interface HookTargets {
  targets: HookTarget[];
  types: string[];
}

export interface HookTargetSecret {
  target: HookTarget;
  secret: string;
}

export interface HookDelivery {
  id: string;
  target_id: string;
  event_id: string;
  type: string;
  at_ms: number;
  state: 'pending' | 'delivered' | 'failed' | 'dropped';
  attempts: number;
  next_ms?: number | null;
  status?: number | null;
  took_ms?: number | null;
  error?: string | null;
  request: string;
  reply: string;
}

export interface HookDeliveries {
  deliveries: HookDelivery[];
  cursor?: string | null;
}

/** Data of the event `streams` of `mgmt/live`; OpenAPI has no words for events. */
export interface StreamsEvent {
  at_ms: number;
  streams: Stream[];
}

export interface ServicesEvent {
  services: Service[];
}
