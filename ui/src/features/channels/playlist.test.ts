import { expect, test } from 'vitest';
import { moved, totalMs } from './playlist';

test.each([
  [0, 2, 'bca'],
  [2, 0, 'cab'],
  [1, 2, 'acb'],
  [0, 3, 'abc'],
  [0, -1, 'abc'],
  [3, 0, 'abc'],
  [1, 1, 'abc'],
])('an entry goes from %i to %i, and nowhere outside the list', (from, to, wanted) => {
  expect(moved([...'abc'], from, to).join('')).toBe(wanted);
});

test('the whole length is known when every one is', () => {
  expect(totalMs([{ duration_ms: 60_000 }, { duration_ms: 1_500 }])).toBe(61_500);
  expect(totalMs([{ duration_ms: 60_000 }, { duration_ms: 0 }])).toBeNull();
});
