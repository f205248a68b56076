import { expect, test } from 'vitest';
import { expiresAt, expiryOf, NEVER } from './expiry';

const NOW = new Date('2030-05-01T12:00').getTime();

test.each([
  ['never', null],
  ['hour', NOW + 3_600_000],
  ['week', NOW + 7 * 86_400_000],
] as const)('%s ends at %s', (lifetime, at) => {
  expect(expiresAt({ lifetime, date: '' }, NOW)).toBe(at);
});

test('a date by hand counts in the time zone of this browser', () => {
  expect(expiresAt({ lifetime: 'date', date: '2030-05-01T13:30' }, NOW)).toBe(NOW + 90 * 60_000);
});

test.each(['', 'nonsense', '2030-05-01T11:59'])('the date %j is no moment to come', (date) => {
  expect(expiresAt({ lifetime: 'date', date }, NOW)).toBeUndefined();
});

test('a moment survives the way through the form', () => {
  expect(expiresAt(expiryOf(NOW + 60_000), NOW)).toBe(NOW + 60_000);
  expect(expiryOf(null)).toEqual(NEVER);
});
