import i18next, { type i18n } from 'i18next';
import { initReactI18next } from 'react-i18next';
import type en from '../locales/en.json';
import { preferredLanguage, type Language } from './language';
import { writePreference } from './preferences';

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

const LOADERS: Record<Language, () => Promise<{ default: object }>> = {
  en: () => import('../locales/en.json'),
  zh: () => import('../locales/zh.json'),
};

/** Start translation with the preferred language; only that one's words are fetched. */
export async function startI18n(language: Language = preferredLanguage()): Promise<i18n> {
  const instance = i18next.use(initReactI18next);
  await instance.init({
    lng: language,
    resources: { [language]: { translation: (await LOADERS[language]()).default } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  showLanguage(language);
  return instance;
}

export async function changeLanguage(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, 'translation')) {
    i18next.addResourceBundle(language, 'translation', (await LOADERS[language]()).default);
  }
  await i18next.changeLanguage(language);
  writePreference('language', language);
  showLanguage(language);
}

function showLanguage(language: Language): void {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : language;
}
