/** Shapes of what records, keeps and stores: the recordings' part of the API. */

import type { components } from './schema.gen';

type Schemas = components['schemas'];

/** What went wrong, with words for who has none of its own for the key. */
export type Problem = Schemas['Problem'];
export type Hole = Schemas['HoleOut'];
export type Recording = Schemas['RecordingOut'];
export type RecordingPage = Schemas['RecordingPage'];
export type RecordingState = Recording['state'];
export type UploadState = Recording['upload'];
export type LibrarySummary = Schemas['Summary'];
export type StreamCount = Schemas['StreamCount'];
export type NotDeleted = Schemas['NotDeleted'];
/** A part of a recording that becomes one of its own. */
export type Clip = Omit<Schemas['MakeClip'], 'token' | 'title'> & { title?: string };

export interface RecordRules {
  record_all: boolean;
  dvr_all: boolean;
  vod_all: boolean;
  globs: string[];
  grace_s: number;
  on_codec_change: 'split' | 'join';
  max_length_s: number;
  max_size_mb: number;
  mp4: boolean;
  thumbnails: boolean;
  upload_all: boolean;
  upload_what: 'all' | 'segments' | 'mp4';
  post_copy_dir: string;
}

export type RecordMode = 'default' | 'on' | 'off';

/** Why a stream is recorded, or is not. */
export type RecordWhy = 'off' | 'all' | 'glob' | 'stream' | 'manual' | 'schedule' | 'dvr' | 'vod' | 'disk';

export interface StreamRecording {
  mode: RecordMode;
  target_id: string | null;
  wanted: boolean;
  why: RecordWhy;
  recording_id: string | null;
  manual: 'on' | 'off' | null;
}

export interface Schedule {
  id: string;
  label: string;
  glob: string;
  /** 0 is Monday. */
  days: number[];
  /** `HH:MM` in `zone`; an end before the start is on the next day. */
  start: string;
  end: string;
  zone: string;
  enabled: boolean;
  next_ms: number | null;
}

export type ScheduleDraft = Omit<Schedule, 'id' | 'next_ms'>;

/** Of one stream; what is not there is as for all. */
export interface StreamRetention {
  local_days?: number | null;
  bucket_days?: number | null;
}

/** Days and sizes: 0 is for ever, or no limit. */
export interface Retention {
  local_days: number;
  local_max_gb: number;
  min_free_percent: number;
  warn_percent: number;
  stop_percent: number;
  after_upload: 'keep' | 'delete' | 'days';
  after_upload_days: number;
  bucket_days: number;
  streams: Record<string, StreamRetention>;
}

export interface Disk {
  total_bytes: number;
  free_bytes: number;
  free_percent: number;
  level: 'ok' | 'low' | 'critical';
  spool_bytes: number;
  record_bytes: number;
  stopped: ('thumbnails' | 'mp4' | 'recording')[];
  full_in_days: number | null;
}

export interface StorageHealth {
  /** null: not asked yet. */
  ok: boolean | null;
  key: string;
  message: string;
  at_ms: number;
}

export interface StorageTarget {
  id: string;
  label: string;
  provider: string;
  endpoint: string;
  region: string;
  bucket: string;
  prefix: string;
  access_key_hint: string;
  secret_set: boolean;
  path_style: boolean;
  storage_class: string;
  acl: string;
  public_url: string;
  delivery: 'through' | 'redirect';
  enabled: boolean;
  is_default: boolean;
  created_ms: number;
  health: StorageHealth;
}

/** What is known of a provider beforehand; `endpoint_form` holds `{region}` where the region goes. */
export interface StoragePreset {
  provider: string;
  label: string;
  endpoint_form: string;
  regions: string[];
  path_style: boolean;
  storage_classes: string[];
  acls: string[];
  help: string;
}

export interface StorageTargets {
  targets: StorageTarget[];
  presets: StoragePreset[];
}

export interface StorageTestStep {
  name: string;
  /** null: not tried, because one before it failed. */
  ok: boolean | null;
  took_ms: number;
  key: string;
  message: string;
  help: string;
}

export interface StorageTest {
  ok: boolean;
  steps: StorageTestStep[];
}

/** One recording on its way into a bucket. */
export interface StorageUpload {
  recording_id: string;
  title: string;
  target_id: string;
  state: UploadState;
  done_bytes: number;
  total_bytes: number;
  speed_bps: number;
  left_s: number | null;
  next_try_ms: number | null;
  problem: Problem | null;
}

export interface StorageUploads {
  uploads: StorageUpload[];
  cursor?: string | null;
}

/** `limit_kbps` 0 is no limit. */
export interface StorageSettings {
  limit_kbps: number;
  parallel: number;
}
