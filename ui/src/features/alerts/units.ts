import type { TFunction } from 'i18next';

const SHORT: Record<string, string> = { percent: '%', seconds: 's' };

/** A threshold with its unit: `80 %`, `14 days`. */
export function withUnit(value: number, unit: string, t: TFunction): string {
  return SHORT[unit] ? `${value} ${SHORT[unit]}` : t(`alerts.units.${unit}` as 'alerts.units.days', { count: value, defaultValue: `${value} ${unit}` });
}
