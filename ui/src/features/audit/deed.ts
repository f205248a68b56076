import type { TFunction } from 'i18next';

/** What was done, in words; the call itself where there are none. */
export function deedName(what: string, t: TFunction): string {
  return t(`deeds.${what}` as 'deeds.mgmt/login', { defaultValue: what });
}
