import type { Output } from './ffmpeg-types';
import type { LinkState } from './event-link';

/** What is older than this is no evidence any more. */
export const STALE_AFTER_MS = 10_000;

/** For how long nothing has been heard of what is shown, ms; 0 while the connection stands. Both times are this machine's. */
export function unheardMs({ connection, lostSince }: LinkState, now: number): number {
  return connection === 'lost' && lostSince !== null ? Math.max(0, now - lostSince) : 0;
}

/** How old the proof is that an output arrives, ms by the server's clock; null where there is none. */
export function acceptedAgeMs({ accepted_at_ms }: Output, serverNow: number): number | null {
  return accepted_at_ms === null ? null : Math.max(0, serverNow - accepted_at_ms);
}
