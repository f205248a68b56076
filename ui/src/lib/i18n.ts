import i18next, { type i18n } from 'i18next';
import { initReactI18next } from 'react-i18next';
import type audit from '../locales/audit.en.json';
import type channels from '../locales/channels.en.json';
import type en from '../locales/en.json';
import type home from '../locales/home.en.json';
import type house from '../locales/house.en.json';
import type incidents from '../locales/incidents.en.json';
import type outputs from '../locales/outputs.en.json';
import type recordings from '../locales/recordings.en.json';
import type stats from '../locales/stats.en.json';
import type storage from '../locales/storage.en.json';
import type streams from '../locales/streams.en.json';
import type system from '../locales/system.en.json';
import type webhooks from '../locales/webhooks.en.json';
import { preferredLanguage, type Language } from './language';
import { writePreference } from './preferences';

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: {
      translation: typeof en &
        typeof audit &
        typeof channels &
        typeof home &
        typeof house &
        typeof incidents &
        typeof outputs &
        typeof recordings &
        typeof storage &
        typeof streams &
        typeof stats &
        typeof system &
        typeof webhooks;
    };
  }
}

// Only `main` is fetched before the first screen; a page that needs more loads its part with itself.
const PARTS = {
  main: { en: () => import('../locales/en.json'), zh: () => import('../locales/zh.json') },
  audit: { en: () => import('../locales/audit.en.json'), zh: () => import('../locales/audit.zh.json') },
  outputs: { en: () => import('../locales/outputs.en.json'), zh: () => import('../locales/outputs.zh.json') },
  channels: { en: () => import('../locales/channels.en.json'), zh: () => import('../locales/channels.zh.json') },
  home: { en: () => import('../locales/home.en.json'), zh: () => import('../locales/home.zh.json') },
  house: { en: () => import('../locales/house.en.json'), zh: () => import('../locales/house.zh.json') },
  incidents: { en: () => import('../locales/incidents.en.json'), zh: () => import('../locales/incidents.zh.json') },
  recordings: { en: () => import('../locales/recordings.en.json'), zh: () => import('../locales/recordings.zh.json') },
  stats: { en: () => import('../locales/stats.en.json'), zh: () => import('../locales/stats.zh.json') },
  storage: { en: () => import('../locales/storage.en.json'), zh: () => import('../locales/storage.zh.json') },
  streams: { en: () => import('../locales/streams.en.json'), zh: () => import('../locales/streams.zh.json') },
  system: { en: () => import('../locales/system.en.json'), zh: () => import('../locales/system.zh.json') },
  webhooks: { en: () => import('../locales/webhooks.en.json'), zh: () => import('../locales/webhooks.zh.json') },
} satisfies Record<string, Record<Language, () => Promise<{ default: object }>>>;

export type WordsPart = keyof typeof PARTS;

const wanted = new Set<WordsPart>(['main']);
const loaded = new Set<string>();

/** Start translation with the preferred language; only that one's words are fetched. */
export async function startI18n(language: Language = preferredLanguage()): Promise<i18n> {
  const instance = i18next.use(initReactI18next);
  loaded.clear();
  await instance.init({ lng: language, resources: {}, interpolation: { escapeValue: false }, returnNull: false });
  await loadWanted(language);
  showLanguage(language);
  return instance;
}

/** `load` together with the words it needs: `lazy(() => withWords('streams', () => import(…)))`. */
export async function withWords<T>(part: WordsPart, load: () => Promise<T>): Promise<T> {
  wanted.add(part);
  const [module] = await Promise.all([load(), loadWanted(i18next.language as Language)]);
  return module;
}

export async function changeLanguage(language: Language): Promise<void> {
  await loadWanted(language);
  await i18next.changeLanguage(language);
  writePreference('language', language);
  showLanguage(language);
}

async function loadWanted(language: Language): Promise<void> {
  const missing = [...wanted].filter((part) => !loaded.has(`${language} ${part}`));
  await Promise.all(
    missing.map(async (part) => {
      const words = (await PARTS[part][language]()).default;
      i18next.addResourceBundle(language, 'translation', words, true);
      loaded.add(`${language} ${part}`);
    }),
  );
}

function showLanguage(language: Language): void {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : language;
}
