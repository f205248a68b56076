import type { TFunction } from 'i18next';
import type { OutputPreset } from '../../lib/ffmpeg-types';

/** A platform's name in the page's language; as the server says it where the page has no word of its own. */
export function platformName(platform: string, presets: OutputPreset[], t: TFunction): string {
  const said = presets.find(({ id }) => id === platform)?.label ?? platform;
  return t(`outputs.platforms.${platform}.label` as 'outputs.platforms.custom.label', { defaultValue: said });
}

/** Where its key is found. */
export function keyHelp({ id, key_help }: OutputPreset, t: TFunction): string {
  return t(`outputs.platforms.${id}.help` as 'outputs.platforms.custom.help', { defaultValue: key_help });
}

// Dark enough for white letters on them.
const COLOURS: Record<string, string> = {
  youtube: '#b91c1c',
  twitch: '#6d3fc4',
  facebook: '#1d4ed8',
  x: '#27303d',
  kick: '#15703a',
  tiktok: '#9d174d',
  instagram: '#a3357f',
  restream: '#1e5fa8',
  bilibili: '#0e7490',
  douyin: '#3b3f58',
  kuaishou: '#b4470f',
  wechat: '#166534',
};

const LETTERS: Record<string, string> = { youtube: 'YT', facebook: 'f', tiktok: 'TT', instagram: 'IG', bilibili: 'B', douyin: '抖', kuaishou: '快', wechat: '微', srt: 'SRT', custom: 'RT' };

/** A mark drawn by ourselves: logos belong to others. */
export function platformMark(platform: string, name: string): { letters: string; colour: string } {
  return { letters: LETTERS[platform] ?? (name.trim()[0] ?? '?').toUpperCase(), colour: COLOURS[platform] ?? '#475569' };
}
