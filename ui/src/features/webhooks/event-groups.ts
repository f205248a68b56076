import type { TFunction } from 'i18next';

export interface EventGroup {
  name: string;
  types: string[];
}

/** What happens with every viewer or every few seconds: easily more than a receiver likes. */
const MANY = new Set(['viewer', 'session', 'segment']);

/** Event types by what they are about, in the order in which they came. */
export function groupEvents(types: string[]): EventGroup[] {
  const groups = new Map<string, string[]>();
  for (const type of types) {
    const name = type.includes('.') ? type.slice(0, type.indexOf('.')) : 'other';
    groups.set(name, [...(groups.get(name) ?? []), type]);
  }
  return [...groups].map(([name, members]) => ({ name, types: members }));
}

export function isMany(group: string): boolean {
  return MANY.has(group);
}

/** A type in plain words; the type itself where there are none yet. */
export function eventName(type: string, t: TFunction): string {
  return t(`webhooks.events.${type}` as 'webhooks.events.stream.published', { defaultValue: type });
}

export function groupName(group: string, t: TFunction): string {
  return t(`webhooks.groups.${group}` as 'webhooks.groups.other', { defaultValue: group });
}
