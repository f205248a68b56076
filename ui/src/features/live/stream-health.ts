import type { Stream } from '../../lib/api-types';

export const STALE_AFTER_S = 10;

/** Seconds since the media server last reported on the stream; null before its first report. */
export function factsAgeS(stream: Stream, serverNow: number): number | null {
  return stream.facts_at_ms == null ? null : Math.max(0, (serverNow - stream.facts_at_ms) / 1000);
}

export type Advice = 'noData' | 'noSound' | 'noPicture' | 'hevc';

// Sound and picture of a new stream become known one after the other.
const SETTLED_AFTER_MS = 10_000;

/** The one thing worth saying about a stream, from what is known; null when nothing is odd or it is too early to say. */
export function adviceFor(stream: Stream): Advice | null {
  if (stream.facts_at_ms == null || stream.facts_at_ms - stream.since_ms < SETTLED_AFTER_MS) return null;
  if (stream.recv_kbps === 0) return 'noData';
  if (!stream.video && !stream.audio) return null;
  if (!stream.video) return 'noPicture';
  if (isHevc(stream.video.codec)) return 'hevc';
  return stream.audio ? null : 'noSound';
}

function isHevc(codec: string): boolean {
  return /hevc|h\.?265|hvc1|hev1/i.test(codec);
}
