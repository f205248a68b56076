import type { TFunction } from 'i18next';

type Part = 'services' | 'states';

/** What a service does, or its state, in words; `otherwise` where the page has none. */
export function serviceWord(part: Part, key: string, otherwise: string, t: TFunction): string {
  return t(`system.${part}.${key}` as 'system.services.redis', { defaultValue: otherwise });
}

/** What people notice while a service is away for a moment. */
export function consequence(name: string, t: TFunction): string {
  return t(`services.away.${name}` as 'services.away.other', { defaultValue: t('services.away.other') });
}

// Whom a short absence of these hits: everyone who watches or wants to go live.
const NOTICED = new Set(['media', 'front', 'redis', 'hooks']);

export function isNoticed(name: string): boolean {
  return NOTICED.has(name);
}

/** The image without the registry's address and the digest behind it. */
export function imageName(image: string): string {
  return image.split('@')[0] ?? image;
}
