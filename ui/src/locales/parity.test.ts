import { describe, expect, test } from 'vitest';
import auditEn from './audit.en.json';
import auditZh from './audit.zh.json';
import channelsEn from './channels.en.json';
import channelsZh from './channels.zh.json';
import en from './en.json';
import homeEn from './home.en.json';
import homeZh from './home.zh.json';
import houseEn from './house.en.json';
import houseZh from './house.zh.json';
import incidentsEn from './incidents.en.json';
import incidentsZh from './incidents.zh.json';
import outputsEn from './outputs.en.json';
import outputsZh from './outputs.zh.json';
import recordingsEn from './recordings.en.json';
import recordingsZh from './recordings.zh.json';
import statsEn from './stats.en.json';
import statsZh from './stats.zh.json';
import storageEn from './storage.en.json';
import storageZh from './storage.zh.json';
import streamsEn from './streams.en.json';
import streamsZh from './streams.zh.json';
import systemEn from './system.en.json';
import systemZh from './system.zh.json';
import vodEn from './vod.en.json';
import vodZh from './vod.zh.json';
import watchEn from './watch.en.json';
import watchZh from './watch.zh.json';
import webhooksEn from './webhooks.en.json';
import webhooksZh from './webhooks.zh.json';
import zh from './zh.json';

/** Every text by its dotted key. */
function flat(words: object, prefix = ''): Record<string, string> {
  return Object.fromEntries(
    Object.entries(words).flatMap(([key, value]) =>
      typeof value === 'string' ? [[prefix + key, value]] : Object.entries(flat(value as object, `${prefix}${key}.`)),
    ),
  );
}

const places = (text: string) => (text.match(/\{+\w+\}+|<\/?\w+>/g) ?? []).toSorted();

const PARTS: [string, Record<string, string>, Record<string, string>][] = [
  ['admin page', flat(en), flat(zh)],
  ['pages about streams', flat(streamsEn), flat(streamsZh)],
  ['pages about outputs', flat(outputsEn), flat(outputsZh)],
  ['library', flat(recordingsEn), flat(recordingsZh)],
  ['pages about rules, storage and retention', flat(storageEn), flat(storageZh)],
  ['pages about channels', flat(channelsEn), flat(channelsZh)],
  ['statistics', flat(statsEn), flat(statsZh)],
  ['pages about webhooks', flat(webhooksEn), flat(webhooksZh)],
  ['first page', flat(homeEn), flat(homeZh)],
  ['alerts and what has happened', flat(incidentsEn), flat(incidentsZh)],
  ['audit', flat(auditEn), flat(auditZh)],
  ['house, its services and settings', flat(houseEn), flat(houseZh)],
  ['pages of System that watch', flat(systemEn), flat(systemZh)],
  ['page of a recording', flat(vodEn), flat(vodZh)],
  ['watch page', flat(watchEn), flat(watchZh)],
];

describe.each(PARTS)('the words of the %s', (_name, english, chinese) => {
  test('have the same keys in both languages', () => {
    expect(Object.keys(chinese)).toEqual(Object.keys(english));
  });

  test('have the same places to fill', () => {
    for (const [key, text] of Object.entries(english)) expect(places(chinese[key]!), key).toEqual(places(text));
  });

  test('are empty in both languages or in none', () => {
    for (const [key, text] of Object.entries(english)) expect(chinese[key] === '', key).toBe(text === '');
  });
});

test('no part of the words says something else by a key of another', () => {
  const said = new Map<string, string>();
  const pages = PARTS.filter(([name]) => !['page of a recording', 'watch page'].includes(name));
  for (const [name, english] of pages) {
    for (const [key, text] of Object.entries(english)) {
      // The same error in other words is no harm.
      if (key.startsWith('errors.')) continue;
      expect(said.get(key) ?? text, `${key}, in the words of the ${name}`).toBe(text);
      said.set(key, text);
    }
  }
});
