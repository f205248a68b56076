import type { Disk, Recording, RecordRules, Retention, Schedule, StoragePreset, StorageTarget, StorageUpload, StreamRecording } from '../lib/recording-types';

export const RECORD_RULES: RecordRules = {
  record_all: false,
  dvr_all: false,
  vod_all: false,
  globs: [],
  grace_s: 30,
  on_codec_change: 'split',
  max_length_s: 0,
  max_size_mb: 0,
  mp4: true,
  thumbnails: true,
  upload_all: false,
  upload_what: 'all',
  post_copy_dir: '',
};

export const RETENTION: Retention = {
  local_days: 0,
  local_max_gb: 0,
  min_free_percent: 0,
  warn_percent: 10,
  stop_percent: 5,
  after_upload: 'keep',
  after_upload_days: 7,
  bucket_days: 0,
  streams: {},
};

export const PRESETS: StoragePreset[] = [
  {
    provider: 'aws',
    label: 'Amazon S3',
    endpoint_form: 'https://s3.{region}.amazonaws.com',
    regions: ['us-east-1', 'eu-central-1'],
    path_style: false,
    storage_classes: ['STANDARD', 'STANDARD_IA'],
    acls: ['private', 'public-read'],
    help: 'Make a key for this bucket alone.',
  },
  {
    provider: 'r2',
    label: 'Cloudflare R2',
    endpoint_form: 'https://{account}.r2.cloudflarestorage.com',
    regions: ['auto'],
    path_style: false,
    storage_classes: [],
    acls: [],
    help: 'The account id is in the address of the console.',
  },
  { provider: 'minio', label: 'MinIO', endpoint_form: '', regions: ['us-east-1'], path_style: true, storage_classes: [], acls: [], help: '' },
];

export function disk(change: Partial<Disk> = {}): Disk {
  return {
    total_bytes: 100e9,
    free_bytes: 40e9,
    free_percent: 40,
    level: 'ok',
    spool_bytes: 1e9,
    record_bytes: 30e9,
    stopped: [],
    full_in_days: null,
    ...change,
  };
}

export function schedule(label: string, change: Partial<Schedule> = {}): Schedule {
  return {
    id: `schedule-${label}`,
    label,
    glob: 'live/*',
    days: [0, 1, 2, 3, 4],
    start: '18:00',
    end: '20:00',
    zone: 'Europe/Berlin',
    enabled: true,
    next_ms: Date.now() + 3 * 3_600_000,
    ...change,
  };
}

export function storageTarget(label: string, change: Partial<StorageTarget> = {}): StorageTarget {
  return {
    id: `target-${label}`,
    label,
    provider: 'aws',
    endpoint: 'https://s3.eu-central-1.amazonaws.com',
    region: 'eu-central-1',
    bucket: 'my-bucket',
    prefix: '',
    access_key_hint: 'AKIA…9XYZ',
    secret_set: true,
    path_style: false,
    storage_class: '',
    acl: '',
    public_url: '',
    delivery: 'through',
    enabled: true,
    is_default: false,
    created_ms: Date.now() - 86_400_000,
    health: { ok: true, key: '', message: '', at_ms: Date.now() - 90_000 },
    ...change,
  };
}

export function storageUpload(title: string, change: Partial<StorageUpload> = {}): StorageUpload {
  return {
    recording_id: `recording-${title}`,
    title,
    target_id: 'target-Archive',
    state: 'uploading',
    done_bytes: 250e6,
    total_bytes: 1e9,
    speed_bps: 5e6,
    left_s: 150,
    next_try_ms: null,
    problem: null,
    ...change,
  };
}

export function streamRecording(change: Partial<StreamRecording> = {}): StreamRecording {
  return { mode: 'default', target_id: null, wanted: false, why: 'off', recording_id: null, manual: null, ...change };
}

export function recording(id: string, change: Partial<Recording> = {}): Recording {
  return {
    id,
    kind: 'live',
    state: 'recording',
    app: 'live',
    stream: 'show',
    url: 'live/show',
    title: '',
    tags: [],
    keep: false,
    started_ms: Date.now() - 65_000,
    ended_ms: null,
    duration_ms: 65_000,
    size_bytes: 12.3e6,
    segments: 32,
    mp4: 'off',
    mp4_bytes: null,
    has_playlist: true,
    has_poster: false,
    has_sprite: false,
    width: 1280,
    height: 720,
    video_codec: 'h264',
    audio_codec: 'aac',
    holes: [],
    end_reason: null,
    source_id: null,
    local: true,
    in_bucket: false,
    target_id: null,
    upload: 'none',
    uploaded_bytes: 0,
    upload_bytes: 0,
    problem: null,
    access: 'private',
    delete_at_ms: null,
    play_url: `/vod/${id}`,
    ...change,
  };
}
