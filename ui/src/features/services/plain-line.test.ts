import { expect, test } from 'vitest';
import { plainLine } from './plain-line';

test('lines of our programs are read out, those of others stay as they are', () => {
  const line = JSON.stringify({ service: 'hooks', module: 'm', event: 'publish.refused', level: 'info', timestamp: '2026-11-21T17:52:44.128202Z', stream: 'live/a', count: 2 });
  expect(plainLine(line)).toBe('2026-11-21 17:52:44  info  publish.refused  stream=live/a  count=2');
  expect(plainLine('[notice] 1#1: start')).toBe('[notice] 1#1: start');
  expect(plainLine('{broken')).toBe('{broken');
});
