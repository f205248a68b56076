import { expect, test } from 'vitest';
import { formatBytes } from './format';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 kB'],
  [3_214_000, '3.2 MB'],
  [1_450_000_000_000, '1.4 TB'],
  [9e18, '9000.0 PB'],
])('%d bytes read %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
