import type { Attach } from './types';

/** HTTP-FLV by mpegts.js: about one to two seconds behind. */
export const attachFlv: Attach = async (video, url, fail) => {
  const { default: mpegts } = await import('mpegts.js');
  mpegts.LoggingControl.enableAll = false;
  const player = mpegts.createPlayer(
    { type: 'flv', url, isLive: true, cors: false },
    {
      enableStashBuffer: false,
      liveSync: true,
      liveSyncMaxLatency: 2.5,
      liveSyncTargetLatency: 1,
      autoCleanupSourceBuffer: true,
      lazyLoad: false,
    },
  );
  player.on(mpegts.Events.ERROR, (kind: string, detail: string) => fail(`${kind}: ${detail}`));
  player.on(mpegts.Events.LOADING_COMPLETE, () => fail('the stream ended'));
  player.attachMediaElement(video);
  player.load();
  return () => player.destroy();
};
