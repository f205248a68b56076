/** 0 is Monday. */
export const WEEK = [0, 1, 2, 3, 4, 5, 6] as const;

// 1 January 2024 was a Monday.
const MONDAY = Date.UTC(2024, 0, 1);

/** The name of a day in the words of `language`. */
export function dayName(day: number, language: string, length: 'short' | 'long'): string {
  return new Intl.DateTimeFormat(language, { weekday: length, timeZone: 'UTC' }).format(MONDAY + day * 86_400_000);
}

/** Days in short, neighbours drawn together: `Mon–Fri, Sun`. */
export function daysText(days: number[], language: string): string {
  const name = (day: number) => dayName(day, language, 'short');
  const runs: [number, number][] = [];
  for (const day of WEEK.filter((one) => days.includes(one))) {
    const last = runs.at(-1);
    if (last?.[1] === day - 1) last[1] = day;
    else runs.push([day, day]);
  }
  const parts = runs.flatMap(([from, to]) => (to - from < 2 ? WEEK.slice(from, to + 1).map(name) : [`${name(from)}–${name(to)}`]));
  return new Intl.ListFormat(language, { type: 'unit', style: 'short' }).format(parts);
}

/** Names of time zones a browser knows, the one in use among them. */
export function zones(used: string): string[] {
  return [...new Set(['UTC', used, ownZone(), ...Intl.supportedValuesOf('timeZone')])].filter(Boolean).toSorted();
}

export function ownZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** When something happens every week: `HH:MM` in `zone`; an end before the start is on the next day. */
export interface WeekPlan {
  days: number[];
  start: string;
  end: string;
  zone: string;
}

/** Weekday evenings, by the clock of this machine. */
export function newWeekPlan(): WeekPlan {
  return { days: [0, 1, 2, 3, 4], start: '18:00', end: '20:00', zone: ownZone() };
}

export function isClock(text: string): boolean {
  return /^([01]\d|2[0-3]):[0-5]\d$/.test(text);
}

export function isWeekPlan({ days, start, end }: WeekPlan): boolean {
  return days.length > 0 && isClock(start) && isClock(end);
}
