import { expect, test } from 'vitest';
import { knownStream, stream } from '../../testing/samples';
import { fittingRows, streamRows } from './stream-rows';

const ROWS = streamRows([knownStream('b', { title: 'Main Stage' }), knownStream('a')], [stream('b'), stream('wild')]);
const urls = (rows: { url: string }[]) => rows.map(({ url }) => url);

test('what is live comes first, added or not, then the rest by name', () => {
  expect(ROWS.map(({ url, known, live }) => [url, known !== null, live !== null])).toEqual([
    ['live/b', true, true],
    ['live/wild', false, true],
    ['live/a', true, false],
  ]);
});

test('the filter tells live from not live', () => {
  expect(urls(fittingRows(ROWS, 'live', ''))).toEqual(['live/b', 'live/wild']);
  expect(urls(fittingRows(ROWS, 'off', ''))).toEqual(['live/a']);
});

test.each([
  ['stage', ['live/b']],
  ['STAGE main', ['live/b']],
  ['live/a', ['live/a']],
  ['nothing', []],
])('a search for %j looks into names and titles', (search, found) => {
  expect(urls(fittingRows(ROWS, 'all', search))).toEqual(found);
});
