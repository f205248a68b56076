import type { Media, Output, OutputPreset, Programme, ProgrammeSourceState } from '../lib/ffmpeg-types';

export const PLATFORMS: OutputPreset[] = [
  {
    id: 'youtube',
    label: 'YouTube',
    group: 'world',
    servers: [
      { label: 'Primary (RTMPS)', url: 'rtmps://a.rtmps.youtube.com:443/live2' },
      { label: 'Backup (RTMP)', url: 'rtmp://b.rtmp.youtube.com/live2?backup=1' },
    ],
    key_form: 'path',
    key_help: 'In the studio.',
    key_url: 'https://studio.youtube.com/',
    max_kbps: 51_000,
    max_gop_s: 4,
    codecs: ['avc', 'hevc', 'av1'],
  },
  { id: 'bilibili', label: 'Bilibili 哔哩哔哩', group: 'china', servers: [], key_form: 'query', key_help: '', key_url: '', max_kbps: 0, max_gop_s: 0, codecs: ['avc'] },
  { id: 'custom', label: 'Any RTMP server', group: 'custom', servers: [], key_form: 'path', key_help: '', key_url: '', max_kbps: 0, max_gop_s: 0, codecs: ['avc'] },
];

export function media(change: Partial<Media> = {}): Media {
  return {
    video_codec: 'avc',
    profile: 'high',
    level: '4.0',
    width: 1280,
    height: 720,
    fps: 30,
    pix_fmt: 'yuv420p',
    b_frames: false,
    gop_ms: 2000,
    video_kbps: 3000,
    audio_codec: 'aac',
    audio_rate: 48_000,
    audio_channels: 2,
    audio_kbps: 128,
    ...change,
  };
}

/** One that is off; with `state: 'live'` it has just been confirmed. */
export function output(label: string, change: Partial<Output> = {}): Output {
  const live = change.state === 'live';
  return {
    id: `output-${label}`,
    label,
    platform: 'youtube',
    server: 'rtmps://a.rtmps.youtube.com:443/live2',
    key_hint: '…a1b2',
    has_key: true,
    source: { kind: 'stream', app: 'live', stream: 'show', programme: '' },
    enabled: change.state !== undefined && change.state !== 'off',
    sender: 'native',
    verify_tls: true,
    give_up_after: 0,
    order: 0,
    schedule: null,
    created_ms: Date.now() - 86_400_000,
    state: 'off',
    since_ms: Date.now() - 65_000,
    live_since_ms: live ? Date.now() - 65_000 : null,
    bitrate_kbps: live ? 3214 : 0,
    accepted_at_ms: live ? Date.now() - 1_000 : null,
    drops: 0,
    restarts: 0,
    attempts: 0,
    next_try_ms: null,
    problem: null,
    advice: [],
    media: live ? media() : null,
    ...change,
  };
}

export function sourceState(stream: string, change: Partial<ProgrammeSourceState> = {}): ProgrammeSourceState {
  return { app: 'live', stream, state: 'ready', problem: null, media: media(), kbps: 3128, ...change };
}

export function programme(label: string, change: Partial<Programme> = {}): Programme {
  return {
    id: `programme-${label}`,
    label,
    enabled: true,
    sources: [
      { app: 'live', stream: 'main', label: 'Main camera' },
      { app: 'live', stream: 'backup', label: '' },
    ],
    hold: false,
    taken: null,
    lost_after_ms: 500,
    buffer_ms: 300,
    slate: { kind: 'card', title: '', subtitle: 'Back soon', file_id: null, audio: 'silent' },
    normalise: { enabled: false, width: 1280, height: 720, fps: 30, video_kbps: 3000, audio_rate: 48_000 },
    local_stream: '',
    start: 'always',
    state: 'live',
    on_air: 'live/main',
    since_ms: Date.now() - 65_000,
    source_states: [sourceState('main', { state: 'on_air' }), sourceState('backup')],
    switches: 3,
    slate_ms: 12_000,
    outputs: [],
    media: media(),
    slate_problem: null,
    ...change,
  };
}
