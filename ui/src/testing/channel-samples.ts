import type { Channel, ChannelItem, Media, Rendition, Transcode, Transcodes } from '../lib/ffmpeg-types';

export const MEDIA: Media = {
  video_codec: 'h264',
  profile: 'High',
  level: '3.1',
  width: 1280,
  height: 720,
  fps: 25,
  pix_fmt: 'yuv420p',
  b_frames: false,
  gop_ms: 2000,
  video_kbps: 2400,
  audio_codec: 'aac',
  audio_rate: 48000,
  audio_channels: 2,
  audio_kbps: 128,
};

export function item(name: string, change: Partial<ChannelItem> = {}): ChannelItem {
  return {
    id: `item-${name}`,
    type: 'upload',
    name,
    target: `vlive/${name}.mp4`,
    bytes: 12e6,
    duration_ms: 60_000,
    video_codec: 'h264',
    audio_codec: 'aac',
    problem: null,
    ...change,
  };
}

export function channel(label: string, change: Partial<Channel> = {}): Channel {
  return {
    id: `channel-${label}`,
    kind: 'vlive',
    label,
    enabled: false,
    to: { kind: 'stream', app: 'live', stream: label.toLowerCase(), outputs: [], server: '', key_hint: '' },
    items: [item('one'), item('two')],
    loop: true,
    shuffle: false,
    max_duration_s: 0,
    schedule: null,
    transcode: 'auto',
    extra_audio: '',
    allow_private: false,
    state: 'off',
    since_ms: Date.now() - 65_000,
    now: null,
    kbps: 0,
    problem: null,
    media: null,
    next_try_ms: null,
    ...change,
  };
}

export const CAMERA: Partial<Channel> = {
  kind: 'camera',
  items: [item('door', { type: 'stream', target: 'rtsp://•••@192.168.1.20/stream1', bytes: 0, duration_ms: 0 })],
};

export function rendition(name: string, change: Partial<Rendition> = {}): Rendition {
  return { name, codec: 'h264', width: 1280, height: 720, fps: 0, video_kbps: 2800, preset: 'veryfast', gop_s: 2, audio_kbps: 128, audio_channels: 2, ...change };
}

export function transcode(stream: string, change: Partial<Transcode> = {}): Transcode {
  return {
    id: `ladder-${stream}`,
    app: 'live',
    stream,
    label: '',
    enabled: false,
    renditions: [rendition('720p'), rendition('audio', { codec: 'none', audio_kbps: 96 })],
    hardware: 'auto',
    state: 'off',
    since_ms: Date.now() - 65_000,
    cpu_percent: 0,
    speed: 0,
    problem: null,
    master_url: `/live/${stream}_ladder.m3u8`,
    ...change,
  };
}

export const MACHINE: Transcodes['machine'] = { cores: 2, speed_1080p30: 1.6, hardware: [], free_percent: 61.4 };
