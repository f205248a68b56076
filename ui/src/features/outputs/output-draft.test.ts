import { expect, test } from 'vitest';
import { output, PLATFORMS } from '../../testing/output-samples';
import { ANY_STREAM, changesOf, draftOf, faultsOf, interrupts, newDraft, sourceOf, sourceValue, toFields, withPreset } from './output-draft';

const [youtube, , custom] = PLATFORMS as [(typeof PLATFORMS)[0], (typeof PLATFORMS)[0], (typeof PLATFORMS)[0]];
const draft = (change: Partial<ReturnType<typeof newDraft>> = {}) => ({ ...newDraft(youtube, 'live/show'), key: 'abcd', ...change });

test.each(['live/show', 'show', 'programme:p1', ANY_STREAM])('the source %s survives being sent', (value) => {
  const source = sourceOf(value);
  expect(source && sourceValue(source)).toBe(value);
});

test('a stream needs no app, but what names nothing is no source', () => {
  expect(sourceOf('show')).toEqual({ kind: 'stream', app: '', stream: 'show', programme: '' });
  for (const value of ['', 'live/', '/show', 'a/b/c', 'live/my show', 'programme:']) expect(sourceOf(value), value).toBeNull();
});

test('says what is missing or wrong', () => {
  expect(faultsOf(draft(), youtube, false)).toEqual({});
  expect(faultsOf(draft({ key: ' ' }), youtube, false)).toEqual({ key: 'missing' });
  expect(faultsOf(draft({ key: '' }), youtube, true)).toEqual({});
  expect(faultsOf(draft({ server: '', source: '' }), youtube, false)).toEqual({ server: 'missing', source: 'source' });
  expect(faultsOf(draft({ server: 'https://example.org/live' }), youtube, false)).toEqual({ server: 'server' });
  expect(faultsOf(draft({ server: 'rtmp://<your-host>/live' }), youtube, false)).toEqual({ server: 'placeholder' });
  expect(faultsOf(draft({ give_up_after: Number.NaN }), youtube, false)).toEqual({ give_up_after: 'count' });
  const nowhen = { ...draft().times, days: [] };
  expect(faultsOf(draft({ scheduled: true, times: nowhen }), youtube, false)).toEqual({ times: 'times' });
  expect(faultsOf(draft({ times: nowhen }), youtube, false)).toEqual({});
});

test('a whole address holds its key, and any server may want none', () => {
  expect(faultsOf(draft({ key: '', server: 'rtmp://a.rtmp.youtube.com/live2/abcd' }), youtube, false)).toEqual({});
  expect(faultsOf(draft({ key: '', server: 'rtmp://a.rtmp.youtube.com/live2?backup=1' }), youtube, false)).toEqual({ key: 'missing' });
  expect(faultsOf(draft({ platform: 'custom', key: '', server: 'rtmp://own.example/live' }), custom, false)).toEqual({});
});

test('another platform takes its own server and no key of the former one', () => {
  expect(withPreset(draft(), custom)).toMatchObject({ platform: 'custom', server: '', key: '', source: 'live/show' });
  expect(withPreset(draft(), youtube).key).toBe('abcd');
});

test('is sent trimmed, without a key that was not written', () => {
  expect(toFields(draft({ label: ' ', key: ' ', server: ' rtmp://x/live ' }))).toEqual({
    platform: 'youtube',
    server: 'rtmp://x/live',
    source: { kind: 'stream', app: 'live', stream: 'show', programme: '' },
    enabled: true,
    sender: 'native',
    verify_tls: true,
    give_up_after: 0,
    schedule: null,
  });
});

test('of a saved one only what differs is sent, and it is known what interrupts it', () => {
  const saved = output('a', { schedule: { days: [6], start: '10:00', end: '11:00', zone: 'UTC' } });
  expect(changesOf(draftOf(saved), saved)).toEqual({});
  const quiet = changesOf({ ...draftOf(saved), label: 'b', scheduled: false, give_up_after: 5 }, saved);
  expect(quiet).toEqual({ label: 'b', give_up_after: 5, schedule: null });
  expect(interrupts(quiet)).toBe(false);
  expect(interrupts(changesOf({ ...draftOf(saved), key: 'new' }, saved))).toBe(true);
});
