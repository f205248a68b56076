/** The list with the entry at `from` taken out and put in at `to`; places outside change nothing. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const next = [...list];
  if (from === to || from < 0 || to < 0 || from >= list.length || to >= list.length) return next;
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}

/** How long all of it plays, ms; null where that is not known of every entry. */
export function totalMs(items: readonly { duration_ms: number }[]): number | null {
  if (items.some(({ duration_ms }) => duration_ms <= 0)) return null;
  return items.reduce((sum, { duration_ms }) => sum + duration_ms, 0);
}
