import type { TFunction } from 'i18next';
import type { HealthPart } from '../../lib/monitor-types';

/** One part of the sentence in the page's language. */
export function partText({ key, params }: HealthPart, t: TFunction): string {
  return t(`home.parts.${key}` as 'home.parts.nobody_live', { ...params, defaultValue: alertText(key, params, t) });
}

/** Is it something that is wrong, and not what is going on? */
export function isWrong({ key }: HealthPart, t: TFunction): boolean {
  return alertText(key, {}, t) !== '' || key === 'more_alerts';
}

function alertText(key: string, params: HealthPart['params'], t: TFunction): string {
  return t(`alertRules.${key}.text` as 'alertRules.disk_low.text', { ...params, defaultValue: '' });
}
