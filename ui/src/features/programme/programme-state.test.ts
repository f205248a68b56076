import { expect, test } from 'vitest';
import { media, programme, sourceState } from '../../testing/output-samples';
import { differ, isStale, mediaText, modeOf, movedBy, sourceLabel, streamOf } from './programme-state';
import { formatOf, formats, formatValue, settingsChanges, settingsFaults, settingsOf } from './settings-draft';

test('the hand on a programme has four ways', () => {
  expect(modeOf(programme('a'))).toBe('auto');
  expect(modeOf(programme('a', { taken: 'live/main' }))).toBe('taken');
  expect(modeOf(programme('a', { taken: 'slate', on_air: 'slate', hold: true }))).toBe('held');
  expect(modeOf(programme('a', { taken: 'live/backup' }))).toBe('absent');
});

test('nothing heard for ten seconds makes what runs old, and what is off cannot be', () => {
  expect(isStale(programme('a'), 9_000)).toBe(false);
  expect(isStale(programme('a'), 10_001)).toBe(true);
  expect(isStale(programme('a', { enabled: false }), 60_000)).toBe(false);
});

test('a source is called by its label, or else by where it comes from', () => {
  const { sources } = programme('a');
  expect(sourceLabel(sources, 'live/main')).toBe('Main camera');
  expect(sourceLabel(sources, 'live/backup')).toBe('live/backup');
});

test('sources move by places', () => {
  const { sources } = programme('a');
  expect(movedBy(sources, 1, -1).map(({ stream }) => stream)).toEqual(['backup', 'main']);
  expect(movedBy(sources, 0, 1).map(({ stream }) => stream)).toEqual(['backup', 'main']);
  expect(movedBy(sources, 7, 1)).toBe(sources);
});

test('a picture is told in short, and unknown parts are left out', () => {
  expect(mediaText(media())).toBe('1280×720, 30 fps, H.264, AAC 48 kHz');
  expect(mediaText(media({ fps: 29.9704, audio_codec: '', width: 0 }))).toBe('29.97 fps, H.264');
  expect(mediaText(media({ fps: 25.48, video_codec: '', audio_codec: '', width: 0 }))).toBe('25 fps');
  expect(mediaText(null)).toBe('');
});

test('sources differ by size, codec or sound, not by bitrate', () => {
  const two = (change: object) => differ(programme('a', { source_states: [sourceState('a'), sourceState('b', { media: media(change) })] }));
  expect(two({ video_kbps: 900, fps: 25 })).toBe(false);
  expect(two({ height: 1080 })).toBe(true);
  expect(two({ audio_rate: 44_100 })).toBe(true);
});

test('a stream is an app and a name', () => {
  expect(streamOf('live/show')).toEqual({ app: 'live', stream: 'show' });
  for (const url of ['', 'show', 'live/', 'a/b/c', 'live/a b']) expect(streamOf(url), url).toBeNull();
});

test('settings say what is wrong', () => {
  const fine = settingsOf(programme('a'));
  expect([...settingsFaults(fine, [])]).toEqual([]);
  expect([...settingsFaults({ ...fine, label: ' ', local_stream: 'live/main', lost_after_ms: 200, buffer_ms: 2001 }, ['live/main'])]).toEqual([
    'label',
    'local_stream',
    'lost_after_ms',
    'buffer_ms',
  ]);
  expect(settingsFaults({ ...fine, normalise: true, video_kbps: 50 }, []).has('video_kbps')).toBe(true);
});

test('only what differs of the settings is sent, a format always in whole', () => {
  const one = programme('a');
  expect(settingsChanges(settingsOf(one), one)).toEqual({});
  expect(settingsChanges({ ...settingsOf(one), buffer_ms: 0, normalise: true }, one)).toEqual({ buffer_ms: 0, normalise: { ...one.normalise, enabled: true } });
});

test('an unusual format is a choice as long as it is in use', () => {
  expect(formats({ width: 1280, height: 720, fps: 30 })).toHaveLength(9);
  expect(formats({ width: 640, height: 360, fps: 15 })[0]).toEqual({ value: '640x360@15', label: '640×360, 15 fps' });
  expect(formatOf(formatValue({ width: 640, height: 360, fps: 15 }))).toEqual({ width: 640, height: 360, fps: 15 });
});
