import { expect, test } from 'vitest';
import { rendition, transcode } from '../../testing/channel-samples';
import { draftOf, isComplete, newLadder, PRESET_NAMES, renditionFaults, shared, toSend, withPreset } from './ladder-draft';

test('every preset makes a ladder that can be sent', () => {
  for (const name of PRESET_NAMES) expect(isComplete(withPreset(newLadder('live/show'), name)), name).toBe(true);
  const all = PRESET_NAMES.reduce(withPreset, newLadder('live/show'));
  expect(isComplete(all)).toBe(true);
  expect(toSend(all).renditions.map(({ name, width, codec }) => [name, width, codec])).toEqual([
    ['1080p', 1920, 'h264'],
    ['720p', 1280, 'h264'],
    ['480p', 854, 'h264'],
    ['360p', 640, 'h264'],
    ['audio', 0, 'none'],
    ['source', 0, 'copy'],
    ['own', 426, 'h264'],
  ]);
  expect(toSend(all)).toMatchObject({ app: 'live', stream: 'show' });
});

test('one more of the same has a name of its own, and key frames as the others', () => {
  const draft = draftOf(transcode('show', { renditions: [rendition('720p', { gop_s: 4, preset: 'fast' })] }));
  const [, second] = withPreset(draft, '720p').renditions;
  expect(second).toMatchObject({ name: '720p-2', gop_s: 4, preset: 'fast' });
});

test('what all share is known, what differs is not', () => {
  const [a, b, sound] = [rendition('a', { gop_s: 2 }), rendition('b', { gop_s: 4 }), rendition('c', { codec: 'none', gop_s: 9 })];
  expect(shared([a, sound], 'gop_s')).toBe(2);
  expect(shared([a, b], 'gop_s')).toBeNull();
  expect(shared([sound], 'gop_s')).toBeNull();
});

test.each([
  [{ name: '720 p' }, { name: 'name' }],
  [{ name: 'AUDIO' }, { name: 'twice' }],
  [{ width: 1281 }, { width: 'even' }],
  [{ height: 8 }, { height: 'even' }],
  [{ width: 0, height: 720 }, {}],
  [{ video_kbps: 10 }, { video_kbps: 'video' }],
  [{ video_kbps: Number.NaN }, { video_kbps: 'video' }],
  [{ fps: 121 }, { fps: 'fps' }],
  [{ gop_s: 0.2 }, { gop_s: 'gop' }],
  [{ audio_kbps: 600 }, { audio_kbps: 'sound' }],
  [{ codec: 'copy' as const, width: 1281, video_kbps: 0 }, {}],
])('%j is told at its field', (change, faults) => {
  const { renditions } = draftOf(transcode('show', { renditions: [rendition('720p', change), rendition('audio', { codec: 'none' })] }));
  expect(renditionFaults(renditions[0]!, renditions)).toEqual(faults);
});

test('a ladder without a stream or a rendition is not complete', () => {
  expect(isComplete(withPreset(newLadder('show'), '720p'))).toBe(false);
  expect(isComplete(newLadder('live/show'))).toBe(false);
});
