import type { Output } from './ffmpeg-types';

/** What is older than this is no evidence any more. */
export const STALE_AFTER_MS = 10_000;

/** For how long the server has told nothing, ms; it says something every few seconds even when nothing changes. */
export function unheardMs({ heardAt }: { heardAt: number | null }, now: number): number {
  return heardAt === null ? 0 : Math.max(0, now - heardAt);
}

/** How old the proof is that an output arrives, ms by the server's clock; null where there is none. */
export function acceptedAgeMs({ accepted_at_ms }: Output, serverNow: number): number | null {
  return accepted_at_ms === null ? null : Math.max(0, serverNow - accepted_at_ms);
}
