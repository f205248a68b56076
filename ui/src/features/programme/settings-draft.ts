import type { Programme, ProgrammeChange } from '../../lib/ffmpeg-types';
import { streamOf } from './programme-state';

/** What is set of a programme besides its sources and slate, flat. */
export interface SettingsDraft {
  label: string;
  local_stream: string;
  start: Programme['start'];
  lost_after_ms: number;
  buffer_ms: number;
  normalise: boolean;
  width: number;
  height: number;
  fps: number;
  video_kbps: number;
  audio_rate: number;
}

export function settingsOf({ label, local_stream, start, lost_after_ms, buffer_ms, normalise }: Programme): SettingsDraft {
  const { enabled, ...format } = normalise;
  return { label, local_stream, start, lost_after_ms, buffer_ms, normalise: enabled, ...format };
}

export type SettingsFault = 'label' | 'local_stream' | 'lost_after_ms' | 'buffer_ms' | 'video_kbps';

/** What is wrong; `sources` are `app/stream`: a programme is no source of its own. */
export function settingsFaults(draft: SettingsDraft, sources: string[]): Set<SettingsFault> {
  const faults = new Set<SettingsFault>();
  const within = (value: number, least: number, most: number) => Number.isInteger(value) && value >= least && value <= most;
  if (draft.label.trim() === '') faults.add('label');
  if (draft.local_stream !== '' && (streamOf(draft.local_stream) === null || sources.includes(draft.local_stream))) faults.add('local_stream');
  if (!within(draft.lost_after_ms, 300, 2000)) faults.add('lost_after_ms');
  if (!within(draft.buffer_ms, 0, 2000)) faults.add('buffer_ms');
  if (draft.normalise && !within(draft.video_kbps, 100, 50_000)) faults.add('video_kbps');
  return faults;
}

/** As it is sent: only what differs. */
export function settingsChanges(draft: SettingsDraft, programme: Programme): ProgrammeChange {
  const { normalise, width, height, fps, video_kbps, audio_rate, ...plain } = { ...draft, label: draft.label.trim() };
  const differing = Object.fromEntries(Object.entries(plain).filter(([name, value]) => value !== programme[name as keyof typeof plain])) as ProgrammeChange;
  const format = { enabled: normalise, width, height, fps, video_kbps, audio_rate } as Programme['normalise'];
  const same = Object.entries(format).every(([name, value]) => programme.normalise[name as keyof typeof format] === value);
  return { ...differing, ...(!same && { normalise: format }) };
}

/** Sizes and rates that are usual, and the one in use. */
export function formats(of: Pick<SettingsDraft, 'width' | 'height' | 'fps'>): { value: string; label: string }[] {
  const usual = [
    [1920, 1080, 60],
    [1920, 1080, 30],
    [1920, 1080, 25],
    [1280, 720, 60],
    [1280, 720, 30],
    [1280, 720, 25],
    [854, 480, 30],
    [1080, 1920, 30],
    [720, 1280, 30],
  ] as const;
  const all = usual.some(([width, height, fps]) => formatValue({ width, height, fps }) === formatValue(of)) ? usual : [[of.width, of.height, of.fps] as const, ...usual];
  return all.map(([width, height, fps]) => ({ value: formatValue({ width, height, fps }), label: `${width}×${height}, ${fps} fps` }));
}

export function formatValue({ width, height, fps }: Pick<SettingsDraft, 'width' | 'height' | 'fps'>): string {
  return `${width}x${height}@${fps}`;
}

export function formatOf(value: string): Pick<SettingsDraft, 'width' | 'height' | 'fps'> {
  const [width = 0, height = 0, fps = 0] = value.split(/[x@]/).map(Number);
  return { width, height, fps };
}
