import type { Attach } from './types';

/** HLS by hls.js: some seconds behind, plays nearly everywhere. */
export const attachHls: Attach = async (video, url, fail) => {
  const { default: Hls } = await import('hls.js/light');
  if (!Hls.isSupported()) {
    fail('no Media Source Extensions');
    return () => undefined;
  }
  const hls = new Hls({ liveSyncDurationCount: 2, liveMaxLatencyDurationCount: 6, maxBufferLength: 12, backBufferLength: 10 });
  hls.on(Hls.Events.ERROR, (_event, data) => {
    if (data.fatal) fail(`${data.type}: ${data.details}`);
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  return () => hls.destroy();
};

/** HLS by the browser itself: Safari and every browser of an iPhone. */
export const attachNative: Attach = (video, url, fail) => {
  const onError = () => fail(video.error?.message ?? 'media error');
  video.addEventListener('error', onError, { once: true });
  video.src = url;
  return Promise.resolve(() => {
    video.removeEventListener('error', onError);
    video.removeAttribute('src');
    video.load();
  });
};
