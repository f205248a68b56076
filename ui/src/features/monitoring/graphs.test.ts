import { expect, test } from 'vitest';
import { aligned, formatBps, GRAPHS } from './graphs';

test('lines with other moments are laid over one another, with gaps where nothing was measured', () => {
  const { times, values } = aligned([
    { name: 'cpu', unit: 'percent', points: [[1000, 5], [2000, null], [3000, 7]] },
    { name: 'memory', unit: 'percent', points: [[2000, 40], [4000, 41]] },
  ]);
  expect(times).toEqual([1000, 2000, 3000, 4000]);
  expect(values).toEqual([
    [5, null, 7, null],
    [null, 40, null, 41],
  ]);
});

test('bits a second are told in the unit that fits', () => {
  expect([900, 64_400, 3_214_000, 1_250_000_000].map(formatBps)).toEqual(['1 kbit/s', '64 kbit/s', '3.2 Mbit/s', '1.3 Gbit/s']);
});

test('parts of a percent and of a second are told while they matter', () => {
  const [machine, , , , callbacks, latency] = GRAPHS.map(({ scale }) => scale.format);
  expect([machine!(3.14), machine!(42.4)]).toEqual(['3.1 %', '42 %']);
  expect(callbacks!(0.25)).toBe('0.3/s');
  expect([latency!(0.42), latency!(12.3), latency!(1900)]).toEqual(['0.4 ms', '12 ms', '1.9 s']);
});
