export const RANGES = ['1h', '6h', '24h', '7d', '30d'] as const;
export type Range = (typeof RANGES)[number];

const REFRESH_MS: Record<Range, number> = { '1h': 15_000, '6h': 60_000, '24h': 60_000, '7d': 300_000, '30d': 300_000 };

/** How often a picture of the range is worth renewing. */
export function refreshMs(range: Range): number {
  return REFRESH_MS[range];
}
