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
export type KnownStream = Schemas['KnownStream'];
export type KnownStreams = Schemas['KnownStreams'];
export type PublishKey = Schemas['PublishKey'];
export type PublishKeys = Schemas['PublishKeys'];
export type NewKey = Schemas['NewKey'];
export type PublishRules = Schemas['PublishRules'];
export type PlayRule = Schemas['PlayRule'];
export type UpdateRule = Schemas['UpdateRule'];
export type Pass = Schemas['Pass'];
export type Passes = Schemas['Passes'];
export type NewPass = Schemas['NewPass'];
export type PassToken = Schemas['PassToken'];
export type PlayTest = Schemas['PlayTest'];
export type Viewer = Schemas['Viewer'];
export type ViewerPage = Schemas['ViewerPage'];
export type Store = Schemas['Store'];
export type WatchFacts = Schemas['Watch'];
export type VodFacts = Schemas['VodFacts'];
export type Unlocked = Schemas['Unlocked'];
export type Preview = Schemas['Preview'];
export type HookTarget = Schemas['Target'];
export type HookTargets = Schemas['Targets'];
export type HookTargetSecret = Schemas['TargetAndSecret'];
export type HookDelivery = Schemas['Delivery'];
export type HookDeliveries = Schemas['Deliveries'];

export type ViewerStats = Schemas['ViewerStats'];
export type LoggedSession = Schemas['LoggedSession'];
export type SessionStats = Schemas['SessionStats'];
export type StreamStats = Schemas['StreamStats'];
export type StreamsStats = Schemas['StreamsStats'];

/** Data of the event `streams` of `mgmt/live`; OpenAPI has no words for events. */
export interface StreamsEvent {
  at_ms: number;
  streams: Stream[];
}

export interface ServicesEvent {
  services: Service[];
}
