import { preferredLanguage } from '../lib/language';
import en from '../locales/vod.en.json';
import zh from '../locales/vod.zh.json';

export type Word = keyof typeof en;

const language = preferredLanguage();
const words: Record<Word, string> = language === 'zh' ? zh : en;
document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';

/** The text for `key` with `{name}` places filled. */
export function say(key: Word, values: Record<string, string | number> = {}): string {
  return Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, String(value)), words[key]);
}
