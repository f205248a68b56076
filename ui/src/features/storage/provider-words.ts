import type { TFunction } from 'i18next';
import type { StoragePreset } from '../../lib/recording-types';

/** A provider's name; as the server says it where the page has no word of its own. */
export function providerName(provider: string, presets: StoragePreset[], t: TFunction): string {
  const said = presets.find((one) => one.provider === provider)?.label ?? provider;
  return t(`storage.providers.${provider}.label` as 'storage.providers.aws.label', { defaultValue: said });
}

/** Where keys and addresses are found there. */
export function providerHelp({ provider, help }: StoragePreset, t: TFunction): string {
  return t(`storage.providers.${provider}.help` as 'storage.providers.aws.help', { defaultValue: help });
}
