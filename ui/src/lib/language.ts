import { readPreference } from './preferences';

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Each in its own language: who looks for it may not read the other. */
export const LANGUAGE_NAMES = { en: 'English', zh: '简体中文' } as const satisfies Record<Language, string>;

/** The kept choice, else the first of the browser's languages that we speak, else English. */
export function preferredLanguage(): Language {
  const wanted = [readPreference('language') ?? '', ...navigator.languages];
  for (const tag of wanted) {
    const found = LANGUAGES.find((language) => tag.toLowerCase().startsWith(language));
    if (found) return found;
  }
  return 'en';
}
