import type { TFunction } from 'i18next';
import type { HealthPart } from '../../lib/monitor-types';

/** One part of the sentence in the page's language. */
export function partText({ key, params }: HealthPart, t: TFunction): string {
  return t(`home.parts.${key}` as 'home.parts.streams_live', { ...params, defaultValue: key.replaceAll('_', ' ') });
}
