import { act, renderHook } from '@testing-library/react';
import { expect, test } from 'vitest';
import { FakeEventSource } from '../testing/fake-event-source';
import { useRecordingsFeed } from './recordings-feed';

test('two parts of a page share one connection, which ends with the last of them', () => {
  const first = renderHook(useRecordingsFeed);
  const second = renderHook(useRecordingsFeed);
  expect(FakeEventSource.all.map(({ url }) => url)).toEqual(['/terraform/v1/recordings/live']);
  act(() => {
    FakeEventSource.last.open();
    FakeEventSource.last.send('disk', { level: 'low' });
    FakeEventSource.last.send('disk', {});
  });
  expect(second.result.current).toMatchObject({ connection: 'open', disk: { level: 'low' } });
  first.unmount();
  expect(FakeEventSource.last.closed).toBe(false);
  second.unmount();
  expect(FakeEventSource.last.closed).toBe(true);
});

test('recordings are kept by id in their newest state until they are removed', () => {
  const { result, unmount } = renderHook(useRecordingsFeed);
  const send = (recordings: object[], removed: string[] = []) => act(() => FakeEventSource.last.send('recordings', { recordings, removed }));
  send([{ id: 'a', title: 'old' }, { id: 'b', title: 'other' }]);
  send([{ id: 'a', title: 'new' }], ['b']);
  expect([...result.current.recordings.values()]).toEqual([{ id: 'a', title: 'new' }]);
  expect([...result.current.removed]).toEqual(['b']);
  unmount();
});

test('uploads are those that are still on their way, as each event tells of all of them', () => {
  const { result, unmount } = renderHook(useRecordingsFeed);
  const send = (...uploads: object[]) => act(() => FakeEventSource.last.send('uploads', { uploads }));
  expect(result.current.uploads).toBeNull();
  send({ recording_id: 'a', done_bytes: 1 }, { recording_id: 'b', done_bytes: 1 });
  send({ recording_id: 'a', done_bytes: 2 });
  expect([...result.current.uploads!.values()]).toEqual([{ recording_id: 'a', done_bytes: 2 }]);
  unmount();
});

test('who comes back later does not see what is old', () => {
  const first = renderHook(useRecordingsFeed);
  act(() => FakeEventSource.last.send('recordings', { recordings: [{ id: 'a' }], removed: [] }));
  first.unmount();
  const later = renderHook(useRecordingsFeed);
  expect(later.result.current.recordings.size).toBe(0);
  later.unmount();
});
