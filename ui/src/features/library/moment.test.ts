import { expect, test } from 'vitest';
import { formatMoment, parseMoment } from './moment';

test.each([
  [0, '0:00.0'],
  [65_000, '1:05.0'],
  [59_960, '1:00.0'],
  [3_753_540, '1:02:33.5'],
])('%i ms are %s', (ms, text) => expect(formatMoment(ms)).toBe(text));

test.each([
  ['12.4', 12_400],
  ['3:05', 185_000],
  ['1:02:33,5', 3_753_500],
  [' 90 ', 90_000],
  ['90:00', 5_400_000],
])('%s is understood', (text, ms) => expect(parseMoment(text)).toBe(ms));

test.each(['', 'soon', '1:75', '1:60:00', '1:2:3:4', '-5', '1.2345'])('“%s” is no time', (text) => expect(parseMoment(text)).toBeNull());

test('what is written can be read', () => {
  for (const ms of [0, 100, 61_000, 7_325_900]) expect(parseMoment(formatMoment(ms))).toBe(ms);
});
