import { expect, test } from 'vitest';
import { playbackSource } from './stream-urls';

test('a pass goes along in the address of every method, safely spelled', () => {
  expect(playbackSource('live', 'my show', 'a.b+c/=', 'https://host')).toEqual({
    whep: 'https://host/rtc/v1/whep/?app=live&stream=my%20show&pass=a.b%2Bc%2F%3D',
    flv: 'https://host/live/my%20show.flv?pass=a.b%2Bc%2F%3D',
    hls: 'https://host/live/my%20show.m3u8?pass=a.b%2Bc%2F%3D',
  });
});

test('without a pass the addresses are bare', () => {
  expect(playbackSource('s', 'abc123def456', '', 'https://host')).toEqual({
    whep: 'https://host/rtc/v1/whep/?app=s&stream=abc123def456',
    flv: 'https://host/s/abc123def456.flv',
    hls: 'https://host/s/abc123def456.m3u8',
  });
});
