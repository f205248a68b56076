import { expect, test } from 'vitest';
import { timeTicks } from './time-ticks';

const at = (day: number, hour: number, minute = 0) => new Date(2026, 2, day, hour, minute).getTime() / 1000;

test('times of a day are hours and minutes', () => {
  expect(timeTicks([at(3, 9), at(3, 9, 30), at(3, 10)], 'en')).toEqual(['09:00', '09:30', '10:00']);
});

test('where a day begins its date stands', () => {
  expect(timeTicks([at(3, 18), at(4, 0), at(4, 6)], 'en')).toEqual(['18:00', 'Mar 4', '06:00']);
  expect(timeTicks([at(3, 18), at(4, 0)], 'zh')).toEqual(['18:00', '3月4日']);
});

test('days apart are dates', () => {
  expect(timeTicks([at(3, 0), at(10, 0)], 'en')).toEqual(['Mar 3', 'Mar 10']);
});
