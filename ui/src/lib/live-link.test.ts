import { beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeEventSource } from '../testing/fake-event-source';
import { stream } from '../testing/samples';
import { LiveLink } from './live-link';

describe('LiveLink', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  test('holds the newest streams and the difference of the clocks', () => {
    const link = new LiveLink();
    link.start();
    FakeEventSource.last.open();
    FakeEventSource.last.send('streams', { at_ms: Date.now() + 5_000, streams: [stream()] });
    expect(link.read()).toMatchObject({ connection: 'open', lostSince: null, clockOffsetMs: 5_000 });
    expect(link.read().streams).toHaveLength(1);
    link.stop();
  });

  test('connects again by itself, ever slower, and tells since when it is lost', () => {
    const lost = vi.fn();
    const link = new LiveLink(lost);
    link.start();
    const began = Date.now();
    for (let round = 1; round <= 8; round += 1) {
      FakeEventSource.last.fail();
      expect(FakeEventSource.last.closed).toBe(true);
      expect(FakeEventSource.all).toHaveLength(round);
      vi.advanceTimersByTime(10_000);
      expect(FakeEventSource.all).toHaveLength(round + 1);
    }
    expect(link.read()).toMatchObject({ connection: 'lost', lostSince: began });
    expect(lost).toHaveBeenCalledTimes(8);
    FakeEventSource.last.open();
    expect(link.read()).toMatchObject({ connection: 'open', lostSince: null });
    link.stop();
  });

  test('takes silence while something is live for a dead connection', () => {
    const link = new LiveLink();
    link.start();
    FakeEventSource.last.open();
    FakeEventSource.last.send('streams', { at_ms: Date.now(), streams: [stream()] });
    vi.advanceTimersByTime(10_001);
    expect(link.read().connection).toBe('lost');
    link.stop();
  });

  test('expects nothing while nothing is live', () => {
    const link = new LiveLink();
    link.start();
    FakeEventSource.last.open();
    FakeEventSource.last.send('streams', { at_ms: Date.now(), streams: [] });
    vi.advanceTimersByTime(60_000);
    expect(link.read().connection).toBe('open');
    link.stop();
  });

  test('stops for good', () => {
    const link = new LiveLink();
    link.start();
    FakeEventSource.last.fail();
    link.stop();
    vi.advanceTimersByTime(60_000);
    expect(FakeEventSource.all).toHaveLength(1);
  });
});
