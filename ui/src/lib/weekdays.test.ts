import { expect, test } from 'vitest';
import { dayName, daysText, ownZone, zones } from './weekdays';

test.each([
  [[0, 1, 2, 3, 4], 'en', 'Mon–Fri'],
  [[5, 6], 'en', 'Sat, Sun'],
  [[6, 0, 2], 'en', 'Mon, Wed, Sun'],
  [[0, 1, 2, 3, 4, 5, 6], 'en', 'Mon–Sun'],
  [[0, 1, 2], 'zh', '周一–周三'],
])('%j in %s is %s', (days, language, text) => {
  expect(daysText(days, language)).toBe(text);
});

test('the week begins with Monday', () => {
  expect(dayName(0, 'en', 'long')).toBe('Monday');
  expect(dayName(6, 'zh', 'long')).toBe('星期日');
});

test('the zone in use is among those to choose from, also one this browser does not know', () => {
  expect(zones('Mars/Olympus')).toEqual(expect.arrayContaining(['Mars/Olympus', 'UTC', ownZone(), 'Europe/Berlin']));
});
