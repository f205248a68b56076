/** `status` is that of the answer that ended it, 0 for none. */
export type Fail = (status: number) => void;

interface Source {
  playlist?: string | null;
  mp4?: string | null;
}

type Attach = (video: HTMLVideoElement, source: Source, at: number, fail: Fail) => Promise<() => void>;

/**
 * Fill `video` from `source`, beginning at second `at`; the next way is tried when one does not work.
 * `fail` is called once when none is left, or when an answer says that the viewer may not watch.
 */
export function startPlaying(video: HTMLVideoElement, source: Source, at: number, fail: Fail): () => void {
  const ways = waysOf(source);
  let detach: () => void = () => undefined;
  let turn = 0;

  const next = async (status: number): Promise<void> => {
    const mine = ++turn;
    detach();
    detach = () => undefined;
    const way = status === 403 || status === 404 ? undefined : ways.shift();
    if (!way) return fail(status);
    const onFail: Fail = (why) => {
      if (mine === turn) void next(why);
    };
    try {
      const stop = await way(video, source, video.currentTime || at, onFail);
      if (mine !== turn) return stop();
      detach = stop;
    } catch {
      // The player's code could not be fetched or refused to start: the next way may do.
      return onFail(0);
    }
    // Refused only without a click; then the page's own button starts it.
    video.play().catch(() => undefined);
  };
  void next(0);
  return () => {
    turn += 1;
    detach();
  };
}

function waysOf({ playlist, mp4 }: Source): Attach[] {
  const ways: Attach[] = [];
  if (playlist) ways.push(typeof MediaSource !== 'undefined' || 'ManagedMediaSource' in globalThis ? attachHls : attachNative);
  if (mp4) ways.push(attachMp4);
  return ways;
}

const attachHls: Attach = async (video, { playlist }, at, fail) => {
  const { default: Hls } = await import('hls.js/light');
  if (!Hls.isSupported()) {
    fail(0);
    return () => undefined;
  }
  const hls = new Hls({ startPosition: at, maxBufferLength: 30, backBufferLength: 60 });
  let mended = false;
  hls.on(Hls.Events.ERROR, (_event, data) => {
    if (!data.fatal) return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && !mended) {
      mended = true;
      return hls.recoverMediaError();
    }
    fail(data.response?.code ?? 0);
  });
  video.dataset.method = 'hls';
  hls.loadSource(playlist ?? '');
  hls.attachMedia(video);
  return () => hls.destroy();
};

const attachNative: Attach = (video, { playlist }, at, fail) => attachAddress(video, 'native', playlist ?? '', at, fail);
const attachMp4: Attach = (video, { mp4 }, at, fail) => attachAddress(video, 'mp4', mp4 ?? '', at, fail);

function attachAddress(video: HTMLVideoElement, method: string, url: string, at: number, fail: Fail): Promise<() => void> {
  const onError = () => fail(0);
  const onKnown = () => {
    if (at > 0) video.currentTime = at;
  };
  video.dataset.method = method;
  video.addEventListener('error', onError, { once: true });
  video.addEventListener('loadedmetadata', onKnown, { once: true });
  video.src = url;
  return Promise.resolve(() => {
    video.removeEventListener('error', onError);
    video.removeEventListener('loadedmetadata', onKnown);
    video.removeAttribute('src');
    video.load();
  });
}
