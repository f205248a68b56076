const UNITS = [
  { unit: 'year', seconds: 365 * 86_400 },
  { unit: 'month', seconds: 30 * 86_400 },
  { unit: 'day', seconds: 86_400 },
  { unit: 'hour', seconds: 3_600 },
  { unit: 'minute', seconds: 60 },
  { unit: 'second', seconds: 1 },
] as const;

/** `ms` as seen from `now`: “3 minutes ago”, “in 2 days”; in the words of `language`. */
export function formatRelative(ms: number, now: number, language: string): string {
  const seconds = (ms - now) / 1000;
  const fit = UNITS.find((one) => Math.abs(seconds) >= one.seconds) ?? UNITS[UNITS.length - 1];
  const count = seconds / (fit?.seconds ?? 1);
  // What is past has lasted that long at least; a day from now is no "23 hours" a second later.
  return new Intl.RelativeTimeFormat(language, { numeric: 'always' }).format(count < 0 ? Math.trunc(count) : Math.round(count), fit?.unit ?? 'second');
}
