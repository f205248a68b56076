/** Shapes of outputs, programmes, channels and transcodes: the part of the API below `ffmpeg/`. */

import type { Problem } from './recording-types';
import type { components } from './schema.gen';

type Schemas = components['schemas'];

export type { Problem } from './recording-types';

/** What a stream is made of, as far as it is known: empty words and zeros are not. */
export type Media = Schemas['MediaFacts'];
/** Days begin with 0, Monday; `HH:MM` in `zone`; an end before the start is on the next day. */
export type AirTimes = Schemas['AirTimes'];

export type Output = Schemas['Output'];
export type OutputState = Output['state'];
export type OutputSource = Output['source'];
/** A platform that outputs are known to work with. */
export type OutputPreset = Schemas['OutputPreset'];
export type Outputs = Schemas['Outputs'];
export type OutputLog = Schemas['OutputLog'];
export type OutputTest = Schemas['OutputTest'];

export type Programme = Schemas['ProgrammeView'];
export type ProgrammeSource = Programme['sources'][number];
export type ProgrammeSourceState = Programme['source_states'][number];
export type Slate = Programme['slate'];
export type HouseFormat = Programme['normalise'];
/** As it is changed: only what is given. */
export type ProgrammeChange = Partial<Omit<Schemas['ProgrammeUpdate'], 'token' | 'id'>>;

export type ChannelState = 'off' | 'scheduled' | 'starting' | 'live' | 'retrying' | 'failed' | 'ended';

/** One file or address that a channel plays; `target` is masked where it is an address. */
export interface ChannelItem {
  id: string;
  type: 'upload' | 'file' | 'stream' | 'ytdl';
  name: string;
  target: string;
  bytes: number;
  duration_ms: number;
  video_codec: string;
  audio_codec: string;
  problem: Problem | null;
}

export interface Channel {
  id: string;
  kind: 'vlive' | 'camera';
  label: string;
  enabled: boolean;
  /** `address`: a server and a key of the channel's own, set by programs that know Oryx. */
  to: { kind: 'stream' | 'outputs' | 'address'; app: string; stream: string; outputs: string[]; server: string; key_hint: string };
  items: ChannelItem[];
  loop: boolean;
  shuffle: boolean;
  max_duration_s: number;
  schedule: AirTimes | null;
  transcode: 'auto' | 'never' | 'always';
  extra_audio: '' | 'silent';
  allow_private: boolean;
  state: ChannelState;
  since_ms: number;
  now: { index: number; name: string; position_ms: number } | null;
  kbps: number;
  problem: Problem | null;
  media: Media | null;
  /** When one that is in trouble tries again; null where that is not known. */
  next_try_ms: number | null;
}

export type TranscodeState = 'off' | 'waiting' | 'starting' | 'live' | 'retrying' | 'failed' | 'refused';

/** One picture of a ladder; its stream is called `<stream>_<name>`. */
export interface Rendition {
  name: string;
  width: number;
  height: number;
  /** 0 keeps that of the source. */
  fps: number;
  video_kbps: number;
  preset: string;
  gop_s: number;
  codec: 'h264' | 'copy' | 'none';
  audio_kbps: number;
  audio_channels: number;
}

export interface Transcode {
  id: string;
  app: string;
  stream: string;
  label: string;
  enabled: boolean;
  renditions: Rendition[];
  hardware: 'auto' | 'off' | 'vaapi' | 'nvenc' | 'qsv';
  state: TranscodeState;
  since_ms: number;
  cpu_percent: number;
  speed: number;
  problem: Problem | null;
  master_url: string;
}

/** A picture or clip of the operator's own, to be shown as slate. */
export interface SlateFile {
  id: string;
  name: string;
  kind: string;
  bytes: number;
  width: number;
  height: number;
  duration_ms: number;
  created_ms: number;
}

export interface SlateFiles {
  files: SlateFile[];
  /** Of one file. */
  max_bytes: number;
  max_clip_s: number;
}

/** A file on the server's disk that may be played; `path` begins with its folder. */
export interface ServerFile {
  path: string;
  name: string;
  bytes: number;
  /** 0: not known. */
  duration_ms: number;
}

export interface ServerFiles {
  files: ServerFile[];
  /** Of all uploaded films together. */
  used_bytes: number;
  /** Null: no limit but the disk. */
  quota_bytes: number | null;
}

/** What is known of a file or an address after looking into it. */
export interface SourceProbe {
  media: Media | null;
  duration_ms: number;
  kbps: number;
  problem: Problem | null;
}

export interface ChannelLimits {
  /** kbit/s of the most that one item, or a camera, may have. */
  vlive_kbps: number;
  camera_kbps: number;
  /** Of all uploaded files together; 0 is no limit. */
  quota_mb: number;
}

export interface Machine {
  cores: number;
  /** How many times faster than real time one 1080p30 picture is encoded. */
  speed_1080p30: number;
  hardware: string[];
  free_percent: number;
}

export interface Transcodes {
  transcodes: Transcode[];
  machine: Machine;
}

/** Percent of all cores together. */
export interface LadderEstimate {
  percent: number;
  free_percent: number;
  ok: boolean;
  /** One for each rendition, in their order. */
  per: number[];
}
