import { expect, test } from 'vitest';
import { formatRelative } from './relative-time';

const NOW = 1_800_000_000_000;
const S = 1000;

test.each([
  [-12 * S, '12 seconds ago', '12秒钟前'],
  [-59.9 * S, '59 seconds ago', '59秒钟前'],
  [-60 * S, '1 minute ago', '1分钟前'],
  [-3 * 3_600 * S, '3 hours ago', '3小时前'],
  [2 * 86_400 * S, 'in 2 days', '2天后'],
  [-400 * 86_400 * S, '1 year ago', '1年前'],
  [86_399 * S, 'in 24 hours', '24小时后'],
  [40 * 86_400 * S, 'in 1 month', '1个月后'],
])('%d ms from now reads %s', (offset, english, chinese) => {
  expect(formatRelative(NOW + offset, NOW, 'en')).toBe(english);
  expect(formatRelative(NOW + offset, NOW, 'zh')).toBe(chinese);
});
