import { act, renderHook } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { FakeEventSource } from '../testing/fake-event-source';
import { useFfmpegFeed } from './ffmpeg-feed';

const ids = (known: ReadonlyMap<string, { id: string }> | null) => known && [...known.keys()];

test('parts of a page share one connection, which ends with the last of them and leaves nothing old', () => {
  const first = renderHook(useFfmpegFeed);
  const second = renderHook(useFfmpegFeed);
  expect(FakeEventSource.all.map(({ url }) => url)).toEqual(['/terraform/v1/ffmpeg/live']);
  expect(first.result.current.channels).toBeNull();
  act(() => FakeEventSource.last.send('channels', { channels: [{ id: 'a' }] }));
  expect(ids(second.result.current.channels)).toEqual(['a']);
  first.unmount();
  expect(FakeEventSource.last.closed).toBe(false);
  second.unmount();
  expect(FakeEventSource.last.closed).toBe(true);
  const later = renderHook(useFfmpegFeed);
  expect(later.result.current.channels).toBeNull();
  later.unmount();
});

test('outputs come as changes, and what is told to be removed goes', () => {
  const { result, unmount } = renderHook(useFfmpegFeed);
  const send = (outputs: object[], removed: string[] = []) => act(() => FakeEventSource.last.send('outputs', { outputs, removed }));
  send([{ id: 'a', label: 'old' }, { id: 'b' }]);
  send([{ id: 'a', label: 'new' }], ['b']);
  expect([...(result.current.outputs?.values() ?? [])]).toEqual([{ id: 'a', label: 'new' }]);
  unmount();
});

test('channels, programmes and transcodes come whole each time', () => {
  const { result, unmount } = renderHook(useFfmpegFeed);
  act(() => {
    FakeEventSource.last.send('channels', { channels: [{ id: 'a' }, { id: 'b' }] });
    FakeEventSource.last.send('channels', { channels: [{ id: 'b' }] });
    FakeEventSource.last.send('transcodes', { transcodes: [{ id: 't' }] });
  });
  expect(ids(result.current.channels)).toEqual(['b']);
  expect(ids(result.current.transcodes)).toEqual(['t']);
  expect(result.current.programmes).toBeNull();
  unmount();
});

test('what was removed while the connection was gone is gone with the first word of the next one', () => {
  const { result, unmount } = renderHook(useFfmpegFeed);
  const lost = FakeEventSource.last;
  act(() => lost.send('outputs', { outputs: [{ id: 'a' }, { id: 'b' }], removed: [] }));
  act(() => {
    lost.fail();
    dispatchEvent(new Event('online'));
  });
  expect(FakeEventSource.last).not.toBe(lost);
  expect(ids(result.current.outputs)).toEqual(['a', 'b']);
  act(() => FakeEventSource.last.send('outputs', { outputs: [{ id: 'b' }], removed: [] }));
  expect(ids(result.current.outputs)).toEqual(['b']);
  unmount();
});

test('a connection that has gone silent is made anew, and what it told is kept as old as it is', () => {
  vi.useFakeTimers();
  const { result, unmount } = renderHook(useFfmpegFeed);
  const silent = FakeEventSource.last;
  act(() => silent.send('outputs', { outputs: [{ id: 'a' }], removed: [] }));
  const heardAt = result.current.heardAt;
  act(() => vi.advanceTimersByTime(19_000));
  expect(silent.closed).toBe(false);
  act(() => vi.advanceTimersByTime(12_000));
  expect(silent.closed).toBe(true);
  expect(FakeEventSource.last).not.toBe(silent);
  expect(ids(result.current.outputs)).toEqual(['a']);
  expect(result.current.heardAt).toBe(heardAt);
  unmount();
});
