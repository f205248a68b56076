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

/** Data of the event `streams` of `mgmt/live`; OpenAPI has no words for events. */
export interface StreamsEvent {
  at_ms: number;
  streams: Stream[];
}

export interface ServicesEvent {
  services: Service[];
}
