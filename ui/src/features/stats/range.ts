export const RANGES = ['hour', 'day', 'week', 'month'] as const;
export type Range = (typeof RANGES)[number];

const HOUR_MS = 3_600_000;
const LENGTH_MS: Record<Range, number> = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 7 * 24 * HOUR_MS, month: 30 * 24 * HOUR_MS };
const REFRESH_MS: Record<Range, number> = { hour: 15_000, day: 60_000, week: 300_000, month: 300_000 };

/** The range that ends now, by the server's clock. */
export function rangeAt(range: Range, now: number): { from_ms: number; to_ms: number } {
  return { from_ms: Math.floor(now - LENGTH_MS[range]), to_ms: Math.ceil(now) };
}

/** How often a picture of the range is worth renewing. */
export function refreshMs(range: Range): number {
  return REFRESH_MS[range];
}
