import { expect, test } from 'vitest';
import { globMatches, readGlobs } from './glob';

test.each([
  ['live/*', 'live/show', true],
  ['/live/*', 'live/show', true],
  ['live/*', 'other/show', false],
  ['*', 'live/show', true],
  ['*/show', 'live/show', true],
  ['live/cam?', 'live/cam1', true],
  ['live/cam?', 'live/cam12', false],
  ['live/cam[1-3]', 'live/cam2', true],
  ['live/cam[!1-3]', 'live/cam2', false],
  ['live/cam[!1-3]', 'live/cam7', true],
  ['live/cam[', 'live/cam[', true],
  ['live/a.b', 'live/axb', false],
  ['live/(a|b)+', 'live/(a|b)+', true],
  ['live/cam[3-1]', 'live/cam2', false],
  ['LIVE/*', 'live/show', false],
])('%s and %s: %s', (glob, url, matches) => {
  expect(globMatches(glob, url)).toBe(matches);
});

test('patterns are read one a line, without empty and double ones', () => {
  expect(readGlobs(' live/* \n\nlive/*\n/news/*')).toEqual(['live/*', '/news/*']);
});
