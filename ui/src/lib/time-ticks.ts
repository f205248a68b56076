const DAY_S = 86_400;

/**
 * Labels for moments (s since the epoch, ascending) in the viewer's own zone and language: times
 * of day, with the date where a new day begins; days alone when they are a day or more apart.
 */
export function timeTicks(seconds: number[], language: string): string[] {
  const step = (seconds[1] ?? 0) - (seconds[0] ?? 0);
  const day = new Intl.DateTimeFormat(language, { month: 'short', day: 'numeric' });
  const time = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hour12: false });
  // Daylight saving makes a day of 23 hours.
  if (step >= DAY_S - 3_600) return seconds.map((at) => day.format(at * 1000));
  let last = '';
  return seconds.map((at, index) => {
    const date = day.format(at * 1000);
    const isNew = index > 0 && date !== last;
    last = date;
    return isNew ? date : time.format(at * 1000);
  });
}
