import { expect, test } from 'vitest';
import { asTestInput } from './test-input';

test.each([
  ['  ', {}],
  ['https://host/watch/live/a?pass=x.y', { link: 'https://host/watch/live/a?pass=x.y' }],
  [' srt://host:10080?streamid=#!::r=live/a,pass=x ', { link: 'srt://host:10080?streamid=#!::r=live/a,pass=x' }],
  ['/live/a.m3u8?pass=x', { link: '/live/a.m3u8?pass=x' }],
  ['x.y', { pass: 'x.y' }],
  ['pass=x.y', { pass: 'x.y' }],
  ['?pass=x.y', { pass: 'x.y' }],
])('%j is %j', (typed, meant) => {
  expect(asTestInput(typed)).toEqual(meant);
});
