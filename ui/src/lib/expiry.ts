const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Usual lifetimes; `date` is a moment picked by hand. */
export const LIFETIMES = ['never', 'hour', 'day', 'week', 'month', 'year', 'date'] as const;
export type Lifetime = (typeof LIFETIMES)[number];

const LENGTH_MS: Record<Exclude<Lifetime, 'never' | 'date'>, number> = {
  hour: HOUR_MS,
  day: DAY_MS,
  week: 7 * DAY_MS,
  month: 30 * DAY_MS,
  year: 365 * DAY_MS,
};

export interface Expiry {
  lifetime: Lifetime;
  /** The value of a `datetime-local` field; counts only with `date`. */
  date: string;
}

export const NEVER: Expiry = { lifetime: 'never', date: '' };

/** The moment meant, ms; null is never, undefined is no moment that is still to come. */
export function expiresAt({ lifetime, date }: Expiry, now: number): number | null | undefined {
  if (lifetime === 'never') return null;
  if (lifetime !== 'date') return now + LENGTH_MS[lifetime];
  const at = new Date(date).getTime();
  return Number.isFinite(at) && at > now ? at : undefined;
}

/** As a form shows a moment already chosen. */
export function expiryOf(ms: number | null): Expiry {
  return ms === null ? NEVER : { lifetime: 'date', date: toLocalField(ms) };
}

function toLocalField(ms: number): string {
  const at = new Date(ms);
  return new Date(ms - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
