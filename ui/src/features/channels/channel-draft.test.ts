import { describe, expect, test } from 'vitest';
import { CAMERA, channel } from '../../testing/channel-samples';
import { addressName, draftOf, faultsOf, isAddress, newDraft, newItem, streamFor, toSend, uploadedItem } from './channel-draft';

test('what is saved comes back as it was, with entries by their ids', () => {
  const saved = channel('Evening', { max_duration_s: 5400, schedule: { days: [6], start: '10:00', end: '11:00', zone: 'UTC' } });
  const sent = toSend(draftOf(saved));
  expect(sent).toMatchObject({
    label: 'Evening',
    to: { kind: 'stream', app: 'live', stream: 'evening' },
    items: [
      { id: 'item-one', name: 'one' },
      { id: 'item-two', name: 'two' },
    ],
    max_duration_s: 5400,
    schedule: saved.schedule,
  });
});

test('an address that is shown masked is never sent back', () => {
  expect(JSON.stringify(toSend(draftOf(channel('Door', CAMERA))))).not.toContain('•');
});

test('where only another program can say where it goes, that is left alone', () => {
  const saved = channel('Oryx', { to: { kind: 'address', app: '', stream: '', outputs: [], server: 'rtmp://far', key_hint: '…a1b2' } });
  expect(toSend(draftOf(saved))).not.toHaveProperty('to');
  expect([...faultsOf(draftOf(saved))]).toEqual([]);
});

test('a film lies under the id of its upload', () => {
  expect(uploadedItem({ id: 'u7', name: 'My Film.MP4' })).toMatchObject({ type: 'upload', name: 'My Film.MP4', target: 'vlive/u7.mp4', id: null });
});

test('an entry that is added twice is two entries', () => {
  const [a, b] = [newItem('file', 'a', 'upload/a.mp4'), newItem('file', 'a', 'upload/a.mp4')];
  expect(a.key).not.toBe(b.key);
});

describe('what is missing is found', () => {
  const whole = { ...newDraft(), label: 'Evening', stream: 'live/evening', items: [newItem('file', 'a', 'upload/a.mp4')] };

  test.each([
    [{}, []],
    [{ label: ' ' }, ['label']],
    [{ stream: 'evening' }, ['stream']],
    [{ stream: 'live/eve ning' }, ['stream']],
    [{ to: 'outputs' as const }, ['outputs']],
    [{ to: 'outputs' as const, outputs: ['o1'], stream: '' }, []],
    [{ items: [] }, ['items']],
    [{ items: [newItem('stream', 'x', 'ftp://host/x')] }, ['address']],
    [{ maxMinutes: Number.NaN }, ['minutes']],
    [{ schedule: { days: [], start: '10:00', end: '11:00', zone: 'UTC' } }, ['schedule']],
  ])('%j', (change, faults) => {
    expect([...faultsOf({ ...whole, ...change })]).toEqual(faults);
  });
});

test.each([
  ['rtsp://10.0.0.5:554/main', true],
  [' HTTPS://example.com/a.m3u8 ', true],
  ['srt://host:9000?streamid=x', true],
  ['file:///etc/passwd', false],
  ['example.com/live', false],
  ['rtmp://', false],
])('%s is an address that can be tried: %s', (text, wanted) => {
  expect(isAddress(text)).toBe(wanted);
});

test.each([
  ['rtsp://admin:secret@10.0.0.5/main?x=1', 'main'],
  ['srt://host:9000?streamid=x', 'host:9000'],
  ['https://user:pw@example.com', 'example.com'],
  ['rtmp://example.com/live/show', 'show'],
])('%s is called %s', (address, name) => {
  expect(addressName(address)).toBe(name);
});

test.each([
  ['Evening films!', 'live/evening-films'],
  ['Café', 'live/cafe'],
  ['晚间影院', 'live/channel'],
  ['taken', 'live/taken-3'],
])('a channel called %s is given the stream %s', (label, stream) => {
  expect(streamFor(label, new Set(['live/taken', 'live/taken-2']))).toBe(stream);
});
