import type { Tone } from '../../components/state-badge';
import type { Media, Programme, ProgrammeSource, ProgrammeSourceState } from '../../lib/ffmpeg-types';
import { STALE_AFTER_MS } from '../../lib/freshness';

export const SLATE = 'slate';

export const SOURCE_TONES: Record<ProgrammeSourceState['state'], Tone> = { offline: 'idle', connecting: 'idle', ready: 'ok', on_air: 'ok', lost: 'warn' };

export function urlOf({ app, stream }: { app: string; stream: string }): string {
  return `${app}/${stream}`;
}

/** What people call a source: its label, or where it comes from. */
export function sourceLabel(sources: ProgrammeSource[], url: string): string {
  return sources.find((one) => urlOf(one) === url)?.label || url;
}

export function stateOf({ source_states }: Programme, url: string): ProgrammeSourceState | undefined {
  return source_states.find((one) => urlOf(one) === url);
}

/** `auto`: by priority; `taken`: chosen by hand; `held`: and kept whatever happens; `absent`: chosen, but not there. */
export function modeOf({ taken, hold, on_air }: Programme): 'auto' | 'taken' | 'held' | 'absent' {
  if (taken === null) return 'auto';
  if (on_air !== null && on_air !== taken) return 'absent';
  return hold ? 'held' : 'taken';
}

/** True where what is said of a programme that runs is too old. */
export function isStale({ enabled }: Programme, unheardMs: number): boolean {
  return enabled && unheardMs > STALE_AFTER_MS;
}

/** The sources with one of them moved by so many places. */
export function movedBy(sources: ProgrammeSource[], at: number, by: number): ProgrammeSource[] {
  const one = sources[at];
  return one ? sources.toSpliced(at, 1).toSpliced(at + by, 0, one) : sources;
}

const CODECS: Record<string, string> = { avc: 'H.264', hevc: 'HEVC', av1: 'AV1', vp9: 'VP9', aac: 'AAC', mp3: 'MP3', opus: 'Opus' };

/** Rates are measured, so they are a little off. */
function frameRate(fps: number): number {
  return [23.98, 29.97, 59.94].find((usual) => Math.abs(usual - fps) < 0.01) ?? Math.round(fps);
}

/** `1280×720, 30 fps, H.264, AAC 48 kHz`; what is not known is left out. */
export function mediaText(media: Media | null): string {
  if (!media) return '';
  const { width, height, fps, video_codec, audio_codec, audio_rate } = media;
  return [
    width > 0 ? `${width}×${height}` : '',
    fps > 0 ? `${frameRate(fps)} fps` : '',
    CODECS[video_codec] ?? video_codec,
    audio_codec && `${CODECS[audio_codec] ?? audio_codec}${audio_rate > 0 ? ` ${audio_rate / 1000} kHz` : ''}`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** True when sources differ in what outputs cannot change on their way without a normalised picture. */
export function differ({ source_states }: Programme): boolean {
  const shapes = source_states.flatMap(({ media }) => (media && media.width > 0 ? [`${media.width}x${media.height} ${media.video_codec} ${media.audio_codec} ${media.audio_rate}`] : []));
  return new Set(shapes).size > 1;
}

/** The key of what is wrong with a slate: the same failure of FFmpeg has other words wherever it is used. */
export function slateKey(key: string): string {
  return key.startsWith('ffmpeg_') ? 'slate_not_drawn' : key;
}

/** `app/stream` taken apart; null where it is none. */
export function streamOf(url: string): { app: string; stream: string } | null {
  const [found, app = '', stream = ''] = /^([^/\s:]+)\/([^/\s:]+)$/.exec(url) ?? [];
  return found === undefined ? null : { app, stream };
}
