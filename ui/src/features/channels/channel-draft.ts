import type { Channel, ChannelItem, SourceProbe } from '../../lib/ffmpeg-types';
import { isWeekPlan, type WeekPlan } from '../../lib/weekdays';

/** One entry of a playlist that may not be saved yet. */
export interface DraftItem {
  /** Stays the same while the form is open. */
  key: string;
  /** Of the entry at the server; null for a new one. */
  id: string | null;
  type: ChannelItem['type'];
  name: string;
  /** A path below the server's data, or an address; masked where it was saved before. */
  target: string;
  bytes: number;
  duration_ms: number;
  codecs: string[];
  problem: ChannelItem['problem'];
}

export interface ChannelDraft {
  label: string;
  to: Channel['to']['kind'];
  /** `app/stream` */
  stream: string;
  outputs: string[];
  items: DraftItem[];
  loop: boolean;
  shuffle: boolean;
  /** 0: as long as there is something to play. */
  maxMinutes: number;
  schedule: WeekPlan | null;
  transcode: Channel['transcode'];
  extra_audio: Channel['extra_audio'];
  allow_private: boolean;
  enabled: boolean;
}

/** An entry as it is sent: one that is known by its id keeps its target. */
export type SentItem = { id: string; name: string } | { type: ChannelItem['type']; name: string; target: string };

/** What is written of a channel. */
export interface ChannelChange {
  label: string;
  /** Left out where it is one that only other programs set. */
  to?: Partial<Channel['to']>;
  items: SentItem[];
  loop: boolean;
  shuffle: boolean;
  max_duration_s: number;
  schedule: WeekPlan | null;
  transcode: Channel['transcode'];
  extra_audio: Channel['extra_audio'];
  allow_private: boolean;
  enabled: boolean;
}

let made = 0;

export function newDraft(): ChannelDraft {
  return {
    label: '',
    to: 'stream',
    stream: '',
    outputs: [],
    items: [],
    loop: true,
    shuffle: false,
    maxMinutes: 0,
    schedule: null,
    transcode: 'auto',
    extra_audio: '',
    allow_private: false,
    enabled: true,
  };
}

export function draftOf(channel: Channel): ChannelDraft {
  const { label, to, loop, shuffle, max_duration_s, schedule, transcode, extra_audio, allow_private, enabled } = channel;
  return {
    label,
    to: to.kind,
    stream: to.stream ? `${to.app}/${to.stream}` : '',
    outputs: to.outputs,
    items: channel.items.map((item) => ({
      key: item.id,
      id: item.id,
      type: item.type,
      name: item.name,
      target: item.target,
      bytes: item.bytes,
      duration_ms: item.duration_ms,
      codecs: [item.video_codec, item.audio_codec].filter(Boolean),
      problem: item.problem,
    })),
    loop,
    shuffle,
    maxMinutes: Math.ceil(max_duration_s / 60),
    schedule,
    transcode,
    extra_audio,
    allow_private,
    enabled,
  };
}

/** An entry that is not saved yet; what is known of it goes along. */
export function newItem(type: ChannelItem['type'], name: string, target: string, facts: { bytes?: number; probe?: SourceProbe; duration_ms?: number } = {}): DraftItem {
  made += 1;
  const media = facts.probe?.media;
  return {
    key: `new-${made}`,
    id: null,
    type,
    name,
    target,
    bytes: facts.bytes ?? 0,
    duration_ms: facts.probe?.duration_ms ?? facts.duration_ms ?? 0,
    codecs: media ? [media.video_codec, media.audio_codec].filter(Boolean) : [],
    problem: null,
  };
}

/** A film that was uploaded lies under the id of its upload. */
export function uploadedItem({ id, name }: { id: string; name: string }): DraftItem {
  const extension = /\.[^.]+$/.exec(name)?.[0] ?? '';
  return newItem('upload', name, `vlive/${id}${extension.toLowerCase()}`);
}

export const SCHEMES = ['rtsp', 'rtsps', 'rtmp', 'rtmps', 'srt', 'http', 'https'] as const;

export function isAddress(text: string): boolean {
  const found = /^([a-z]+):\/\/[^\s/]+/i.exec(text.trim());
  return found !== null && (SCHEMES as readonly string[]).includes((found[1] ?? '').toLowerCase());
}

/** A short name for an address: its last part, else its host. Never what stands before an @. */
export function addressName(address: string): string {
  const [, rest = ''] = address.trim().split('://');
  const [place = ''] = rest.replace(/^[^/@]*@/, '').split(/[?#]/);
  const parts = place.split('/').filter(Boolean);
  return parts.at(-1) ?? '';
}

const STREAM = /^[0-9A-Za-z][\w.-]*\/[0-9A-Za-z][\w.-]*$/;

/** A stream's name for a label: small letters, digits and dashes; one that is not taken. */
export function streamFor(label: string, taken: ReadonlySet<string>): string {
  const word = label
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^0-9a-z]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  const base = `live/${word || 'channel'}`;
  if (!taken.has(base)) return base;
  for (let number = 2; ; number += 1) if (!taken.has(`${base}-${number}`)) return `${base}-${number}`;
}

export type DraftFault = 'label' | 'stream' | 'outputs' | 'items' | 'address' | 'schedule' | 'minutes';

export const MOST_MINUTES = 525_600;

/** What is missing or wrong before it can be saved. */
export function faultsOf(draft: ChannelDraft): ReadonlySet<DraftFault> {
  const faults = new Set<DraftFault>();
  if (draft.label.trim() === '') faults.add('label');
  if (draft.to === 'stream' && !STREAM.test(draft.stream.trim())) faults.add('stream');
  if (draft.to === 'outputs' && draft.outputs.length === 0) faults.add('outputs');
  if (draft.items.length === 0) faults.add('items');
  if (draft.items.some(({ id, type, target }) => id === null && type === 'stream' && !isAddress(target))) faults.add('address');
  if (draft.schedule && !isWeekPlan(draft.schedule)) faults.add('schedule');
  if (!Number.isInteger(draft.maxMinutes) || draft.maxMinutes < 0 || draft.maxMinutes > MOST_MINUTES) faults.add('minutes');
  return faults;
}

export function toSend(draft: ChannelDraft): ChannelChange {
  const { label, loop, shuffle, schedule, transcode, extra_audio, allow_private, enabled } = draft;
  return {
    label: label.trim(),
    ...(draft.to !== 'address' && { to: destinationOf(draft) }),
    items: draft.items.map(({ id, type, name, target }) => (id === null ? { type, name, target: target.trim() } : { id, name })),
    loop,
    shuffle,
    max_duration_s: draft.maxMinutes * 60,
    schedule,
    transcode,
    extra_audio,
    allow_private,
    enabled,
  };
}

function destinationOf({ to, stream, outputs }: ChannelDraft): Partial<Channel['to']> {
  if (to === 'outputs') return { kind: to, outputs };
  const [app = '', name = ''] = stream.trim().split('/');
  return { kind: to, app, stream: name };
}
