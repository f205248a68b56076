/** Shapes of outputs, programmes, channels and transcodes: the part of the API below `ffmpeg/`. */

import type { Problem } from './recording-types';

export type { Problem } from './recording-types';

/** What a stream is made of, as far as it is known: empty words and zeros are not. */
export interface Media {
  video_codec: string;
  profile: string;
  level: string;
  width: number;
  height: number;
  fps: number;
  pix_fmt: string;
  b_frames: boolean;
  gop_ms: number;
  video_kbps: number;
  audio_codec: string;
  audio_rate: number;
  audio_channels: number;
  audio_kbps: number;
}

/** Days begin with 0, Monday; `HH:MM` in `zone`; an end before the start is on the next day. */
export interface AirTimes {
  days: number[];
  start: string;
  end: string;
  zone: string;
}

export type OutputState = 'off' | 'scheduled' | 'waiting' | 'connecting' | 'live' | 'stalled' | 'retrying' | 'failed';

export interface Output {
  id: string;
  label: string;
  platform: string;
  server: string;
  key_hint: string;
  has_key: boolean;
  source: { kind: 'stream' | 'programme'; app: string; stream: string; programme: string };
  enabled: boolean;
  sender: 'native' | 'ffmpeg';
  verify_tls: boolean;
  give_up_after: number;
  order: number;
  schedule: AirTimes | null;
  created_ms: number;
  state: OutputState;
  since_ms: number;
  live_since_ms: number | null;
  bitrate_kbps: number;
  accepted_at_ms: number | null;
  drops: number;
  restarts: number;
  attempts: number;
  next_try_ms: number | null;
  problem: Problem | null;
  advice: { key: string; message: string; help: string; level: 'info' | 'warning' }[];
  media: Media | null;
}

export interface Programme {
  id: string;
  label: string;
  enabled: boolean;
  sources: { app: string; stream: string; label: string }[];
  hold: boolean;
  taken: string | null;
  lost_after_ms: number;
  buffer_ms: number;
  slate: { kind: 'card' | 'picture' | 'clip'; title: string; subtitle: string; file_id: string | null; audio: 'silent' | 'own' };
  normalise: { enabled: boolean; width: number; height: number; fps: number; video_kbps: number; audio_rate: number };
  local_stream: string;
  start: 'always' | 'first_source';
  state: 'off' | 'starting' | 'slate' | 'live';
  on_air: string | null;
  since_ms: number;
  source_states: {
    app: string;
    stream: string;
    state: 'offline' | 'connecting' | 'ready' | 'on_air' | 'lost';
    problem: Problem | null;
    media: Media | null;
    kbps: number;
  }[];
  switches: number;
  slate_ms: number;
  outputs: string[];
}

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

export type OutputSource = Output['source'];
export type ProgrammeSource = Programme['sources'][number];
export type ProgrammeSourceState = Programme['source_states'][number];
export type Slate = Programme['slate'];
export type HouseFormat = Programme['normalise'];

/** A platform that outputs are known to work with. */
export interface OutputPreset {
  id: string;
  label: string;
  servers: { label: string; url: string }[];
  /** What its keys look like. */
  key_form: string;
  key_help: string;
  /** Where keys are found there. */
  key_url: string;
  max_kbps: number;
  max_gop_s: number;
  codecs: string[];
  group: 'world' | 'china' | 'custom';
}

export interface Outputs {
  outputs: Output[];
  presets: OutputPreset[];
}

export interface OutputLog {
  lines: { at_ms: number; text: string }[];
}

export interface OutputTestStep {
  name: string;
  /** Null: not tried. */
  ok: boolean | null;
  took_ms: number;
  problem: Problem | null;
}

export interface OutputTest {
  ok: boolean;
  steps: OutputTestStep[];
  sent_bytes: number;
  acked_bytes: number;
  kbps: number;
}

/** A picture or clip of the operator's own, to be shown as slate. */
export interface SlateFile {
  id: string;
  name: string;
  kind: 'picture' | 'clip';
  bytes: number;
  width: number;
  height: number;
  duration_ms: number;
  created_ms: number;
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
