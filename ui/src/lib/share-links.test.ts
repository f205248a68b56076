import { expect, test } from 'vitest';
import { ENVS } from '../testing/samples';
import { shareLinks } from './share-links';

const AT = new URL('https://cast.example:8443/mgmt/');
const SRT = { ...ENVS, capabilities: { ...ENVS.capabilities, srt: true } };

test('a pass goes along in every address', () => {
  const links = shareLinks({ app: 'live', stream: 'show' }, 'a.b', SRT, AT);
  expect(links).toMatchObject({
    watch: 'https://cast.example:8443/watch/live/show?pass=a.b',
    hls: 'https://cast.example:8443/live/show.m3u8?pass=a.b',
    flv: 'https://cast.example:8443/live/show.flv?pass=a.b',
    rtmp: 'rtmp://cast.example/live/show?pass=a.b',
    srt: 'srt://cast.example:10080?streamid=#!::r=live/show,m=request,pass=a.b',
  });
  expect(links.embed).toMatch(/^<iframe src="https:\/\/cast\.example:8443\/watch\/live\/show\?pass=a\.b"/);
});

test('without a pass the addresses are bare', () => {
  expect(shareLinks({ app: 'live', stream: 'show' }, '', SRT, AT)).toMatchObject({
    watch: 'https://cast.example:8443/watch/live/show',
    rtmp: 'rtmp://cast.example/live/show',
    srt: 'srt://cast.example:10080?streamid=#!::r=live/show,m=request',
  });
});

test('by playback id there are web addresses only', () => {
  expect(shareLinks({ app: 's', stream: 'abc123def456' }, '', SRT, AT)).toMatchObject({
    watch: 'https://cast.example:8443/watch/s/abc123def456',
    rtmp: null,
    srt: null,
  });
});

test('SRT is offered only where the media server speaks it', () => {
  expect(shareLinks({ app: 'live', stream: 'show' }, '', ENVS, AT).srt).toBeNull();
});
