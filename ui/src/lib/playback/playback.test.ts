import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Delay, PlaybackState } from './types';

type Fail = (reason: string) => void;
const attached: { method: string; url: string; fail: Fail; stop: ReturnType<typeof vi.fn> }[] = [];

function attachAs(method: string) {
  return (_video: HTMLVideoElement, url: string, fail: Fail) => {
    const stop = vi.fn();
    attached.push({ method, url, fail, stop });
    return Promise.resolve(stop);
  };
}
vi.mock('./flv', () => ({ attachFlv: attachAs('flv') }));
vi.mock('./whep', () => ({ attachWhep: attachAs('whep') }));
vi.mock('./hls', () => ({ attachHls: attachAs('hls'), attachNative: attachAs('native') }));
// Test files share their modules: load anew, with the fakes.
vi.resetModules();
const { startPlayback } = await import('./playback');

const SOURCE = { whep: '/rtc/v1/whep/?app=live&stream=a', flv: '/live/a.flv', hls: '/live/a.m3u8' };
const last = () => attached.at(-1)!;

describe('playback', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    attached.length = 0;
  });
  afterEach(() => vi.unstubAllGlobals());

  function play(options: { delay?: Delay; mse?: boolean } = {}) {
    if (options.mse ?? true) vi.stubGlobal('MediaSource', vi.fn());
    const states: PlaybackState[] = [];
    const video = document.createElement('video');
    const stop = startPlayback(video, SOURCE, { ...(options.delay ? { delay: options.delay } : {}), onState: (state) => states.push(state) });
    return { stop, states, video };
  }

  test('begins with HTTP-FLV, falls back to HLS, and begins again after a pause', async () => {
    const { stop, states } = play();
    await vi.advanceTimersByTimeAsync(0);
    expect(last()).toMatchObject({ method: 'flv', url: '/live/a.flv' });
    last().fail('network');
    expect(attached[0]!.stop).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(0);
    expect(last()).toMatchObject({ method: 'hls', url: '/live/a.m3u8' });
    last().fail('404');
    expect(attached).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(last().method).toBe('flv');
    expect(states.at(-1)?.phase).toBe('retrying');
    stop();
    expect(last().stop).toHaveBeenCalledOnce();
  });

  test('gives up on a method that shows nothing for eight seconds', async () => {
    const { stop } = play();
    await vi.advanceTimersByTimeAsync(8_500);
    expect(last().method).toBe('hls');
    stop();
  });

  test('leaves HTTP-FLV out when asked for a steady picture', async () => {
    const { stop } = play({ delay: 'steady' });
    await vi.advanceTimersByTimeAsync(0);
    expect(attached.map(({ method }) => method)).toEqual(['hls']);
    stop();
  });

  test('begins with WebRTC when no delay is wanted, and falls back to the others', async () => {
    vi.stubGlobal('RTCPeerConnection', vi.fn());
    const { stop } = play({ delay: 'instant' });
    await vi.advanceTimersByTimeAsync(0);
    expect(last()).toMatchObject({ method: 'whep', url: SOURCE.whep });
    last().fail('HTTP 403');
    await vi.advanceTimersByTimeAsync(0);
    expect(last().method).toBe('flv');
    stop();
  });

  test('leaves it to the browser where scripts may not feed a picture', async () => {
    const { stop } = play({ mse: false });
    await vi.advanceTimersByTimeAsync(0);
    expect(last().method).toBe('native');
    stop();
  });

  test('holds two FLV connections at most, because a browser has only six', async () => {
    const players = [play(), play(), play()];
    await vi.advanceTimersByTimeAsync(0);
    expect(attached.map(({ method }) => method).toSorted()).toEqual(['flv', 'flv', 'hls']);
    for (const { stop } of players) stop();
  });

  test('does not listen to an attempt that is over', async () => {
    const { stop } = play();
    await vi.advanceTimersByTimeAsync(0);
    const first = last();
    stop();
    first.fail('late');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(attached).toHaveLength(1);
  });
});
