import type { Rendition, Transcode } from '../../lib/ffmpeg-types';

export type PresetName = '1080p' | '720p' | '480p' | '360p' | 'audio' | 'copy' | 'own';

/** A rendition in the form; `key` stays the same while it is open. */
export interface DraftRendition extends Rendition {
  key: string;
}

export interface LadderDraft {
  /** `app/stream` */
  source: string;
  label: string;
  renditions: DraftRendition[];
  hardware: Transcode['hardware'];
  enabled: boolean;
}

/** What is written of a ladder. */
export type LadderChange = Pick<Transcode, 'app' | 'stream' | 'label' | 'renditions' | 'hardware' | 'enabled'>;

/** What x264 is asked for, from least work to most. */
export const ENCODER_PRESETS = ['ultrafast', 'superfast', 'veryfast', 'faster', 'fast', 'medium'] as const;
export const MOST_RENDITIONS = 8;

const USUAL: Rendition = { name: '', width: 0, height: 0, fps: 0, video_kbps: 0, preset: 'veryfast', gop_s: 2, codec: 'h264', audio_kbps: 128, audio_channels: 2 };

const PRESETS: Record<PresetName, Partial<Rendition>> = {
  '1080p': { name: '1080p', width: 1920, height: 1080, video_kbps: 5000 },
  '720p': { name: '720p', width: 1280, height: 720, video_kbps: 2800 },
  '480p': { name: '480p', width: 854, height: 480, video_kbps: 1200, audio_kbps: 96 },
  '360p': { name: '360p', width: 640, height: 360, video_kbps: 700, audio_kbps: 64 },
  audio: { name: 'audio', codec: 'none', audio_kbps: 96 },
  copy: { name: 'source', codec: 'copy', audio_kbps: 0, audio_channels: 0 },
  own: { name: 'own', width: 426, height: 240, video_kbps: 400, audio_kbps: 64 },
};

export const PRESET_NAMES = Object.keys(PRESETS) as PresetName[];

let made = 0;

function keyed(rendition: Rendition): DraftRendition {
  made += 1;
  return { ...rendition, key: String(made) };
}

export function newLadder(source: string): LadderDraft {
  return { source, label: '', renditions: [], hardware: 'auto', enabled: true };
}

export function draftOf({ app, stream, label, renditions, hardware, enabled }: Transcode): LadderDraft {
  return { source: `${app}/${stream}`, label, renditions: renditions.map(keyed), hardware, enabled };
}

/** The ladder with one more rendition, which shares key frames and encoder with the others, under a name that is free. */
export function withPreset(draft: LadderDraft, preset: PresetName): LadderDraft {
  const taken = new Set(draft.renditions.map(({ name }) => name.toLowerCase()));
  const { name = preset } = PRESETS[preset];
  let free = name;
  for (let number = 2; taken.has(free.toLowerCase()); number += 1) free = `${name}-${number}`;
  const like = draft.renditions.find(({ codec }) => codec === 'h264');
  const shared = like && { gop_s: like.gop_s, preset: like.preset };
  return { ...draft, renditions: [...draft.renditions, keyed({ ...USUAL, ...PRESETS[preset], ...shared, name: free })] };
}

/** The same value where all encoded renditions share one; null where they differ or there is none. */
export function shared<K extends 'gop_s' | 'preset'>(renditions: Rendition[], field: K): Rendition[K] | null {
  const [first, ...rest] = renditions.filter(({ codec }) => codec === 'h264').map((one) => one[field]);
  return first !== undefined && rest.every((one) => one === first) ? first : null;
}

export type RenditionFault = 'name' | 'twice' | 'even' | 'video' | 'fps' | 'sound' | 'gop';

/** What is wrong with a rendition, by the field at which to say so. */
export function renditionFaults(one: DraftRendition, all: DraftRendition[]): Partial<Record<keyof Rendition, RenditionFault>> {
  const faults: Partial<Record<keyof Rendition, RenditionFault>> = {};
  if (!/^[0-9A-Za-z][0-9A-Za-z-]{0,31}$/.test(one.name)) faults.name = 'name';
  else if (all.some((other) => other.key !== one.key && other.name.toLowerCase() === one.name.toLowerCase())) faults.name = 'twice';
  if (!isWhole(one.audio_kbps, 0, 512)) faults.audio_kbps = 'sound';
  if (one.codec !== 'h264') return faults;
  if (!isSide(one.width, 7680)) faults.width = 'even';
  if (!isSide(one.height, 4320)) faults.height = 'even';
  if (!isWhole(one.fps, 0, 120)) faults.fps = 'fps';
  if (!isWhole(one.video_kbps, 20, 50_000)) faults.video_kbps = 'video';
  if (!(one.gop_s >= 0.5 && one.gop_s <= 10)) faults.gop_s = 'gop';
  return faults;
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

/** 0 is no limit. */
function isSide(value: number, most: number): boolean {
  return value === 0 || (isWhole(value, 16, most) && value % 2 === 0);
}

export function isSource(text: string): boolean {
  return /^[\w.-]+\/[\w.-]+$/.test(text.trim());
}

/** Nothing is wrong with it, so it can be sent. */
export function isComplete({ source, renditions }: LadderDraft): boolean {
  return isSource(source) && renditions.length > 0 && renditions.every((one) => Object.keys(renditionFaults(one, renditions)).length === 0);
}

export function toSend({ source, label, renditions, hardware, enabled }: LadderDraft): LadderChange {
  const [app = '', stream = ''] = source.trim().split('/');
  return { app, stream, label: label.trim(), renditions: renditions.map(({ key: _key, ...rendition }) => rendition), hardware, enabled };
}
