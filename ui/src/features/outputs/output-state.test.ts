import { expect, test } from 'vitest';
import { output, PLATFORMS } from '../../testing/output-samples';
import { countGroups, groupOf, isStale, matching, moved, placeName, sourceName } from './output-state';
import { newest } from './use-live-outputs';

const NOW = Date.now();

test('what is live needs proof of the last ten seconds', () => {
  const accepted = (ms: number | null) => output('a', { state: 'live', accepted_at_ms: ms });
  expect(isStale(accepted(NOW - 4_000), NOW, 0)).toBe(false);
  expect(isStale(accepted(NOW - 10_001), NOW, 0)).toBe(true);
  expect(isStale(accepted(null), NOW, 0)).toBe(true);
  expect(isStale(output('a'), NOW, 0)).toBe(false);
});

test('nothing that is shown is fresh once the server has told nothing for ten seconds', () => {
  expect(isStale(output('a'), NOW, 11_000)).toBe(true);
  expect(isStale(output('a', { state: 'live', accepted_at_ms: NOW }), NOW, 9_000)).toBe(false);
});

test('every state belongs to a group', () => {
  const states = ['off', 'scheduled', 'waiting', 'connecting', 'live', 'stalled', 'retrying', 'failed'] as const;
  expect(countGroups(states.map((state) => output(state, { state })))).toEqual({ live: 1, trouble: 3, waiting: 3, off: 1 });
});

test('what connects anew after a failure is still in trouble', () => {
  expect(groupOf(output('a', { state: 'connecting', problem: { key: 'output_dns', message: '', help: '' } }))).toBe('trouble');
  expect(groupOf(output('a', { state: 'connecting' }))).toBe('waiting');
});

test('a platform is called by its name, any other server by its host and never by what is secret', () => {
  const [youtube, , custom] = PLATFORMS;
  expect(placeName(output('a'), 'YouTube', youtube)).toBe('YouTube');
  expect(placeName(output('a', { server: 'rtmp://user:word@club.example:1936/in' }), 'RTMP server', custom)).toBe('club.example:1936');
  expect(placeName(output('a', { server: '' }), 'RTMP server', custom)).toBe('RTMP server');
});

test('a source is named as people write it', () => {
  const from = (source: object) => output('a', { source: { kind: 'stream', app: '', stream: '', programme: '', ...source } });
  expect(sourceName(from({ app: 'live', stream: 'show' }), [])).toBe('live/show');
  expect(sourceName(from({ stream: 'show' }), [])).toBe('show');
  expect(sourceName(from({}), [])).toBeNull();
  expect(sourceName(from({ kind: 'programme', programme: 'p1' }), [{ id: 'p1', label: 'Sunday' }])).toBe('Sunday');
  expect(sourceName(from({ kind: 'programme', programme: 'gone' }), [])).toBe('gone');
});

test('all words must fit, in any of the groups', () => {
  const outputs = [output('Alpha', { state: 'live' }), output('Beta', { state: 'failed' })];
  const found = (typed: string, ...groups: Parameters<typeof matching>[2]) => matching(outputs, typed, groups, ({ label }) => `${label} YouTube`).map(({ label }) => label);
  expect(found('')).toEqual(['Alpha', 'Beta']);
  expect(found('tube ALPH')).toEqual(['Alpha']);
  expect(found('', 'trouble', 'off')).toEqual(['Beta']);
  expect(found('gamma')).toEqual([]);
});

test('one is put where another is, and nothing else changes', () => {
  expect(moved(['a', 'b', 'c'], 'a', 'c')).toEqual(['b', 'c', 'a']);
  expect(moved(['a', 'b', 'c'], 'c', 'a')).toEqual(['c', 'a', 'b']);
  expect(moved(['a', 'b'], 'a', 'a')).toEqual(['a', 'b']);
  expect(moved(['a', 'b'], 'x', 'a')).toEqual(['a', 'b']);
});

test('the connection counts more than the list, in the order of the operator', () => {
  const [a, b] = [output('a', { order: 1 }), output('b', { order: 0 })];
  expect(newest([a, b], null).map(({ label }) => label)).toEqual(['b', 'a']);
  expect(newest([a, b], new Map([['a', { ...a, label: 'new' }]])).map(({ label }) => label)).toEqual(['new']);
});
