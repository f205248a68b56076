import { attachFlv } from './flv';
import { attachHls, attachNative } from './hls';
import { takeFlvSlot } from './flv-slots';
import type { PlaybackSource } from '../stream-urls';
import type { Attach, Delay, Method, PlaybackState } from './types';
import { attachWhep } from './whep';

const LONGEST_RETRY_MS = 8_000;
// A connection may stand and bring nothing, so silence counts as failure.
const NO_PICTURE_MS = 8_000;

const ATTACH: Record<Method, Attach> = { whep: attachWhep, flv: attachFlv, hls: attachHls, native: attachNative };

export interface PlaybackOptions {
  /** `low` unless given. */
  delay?: Delay;
  onState: (state: PlaybackState) => void;
}

/** Play a live stream into `video` until the returned function is called; falls back and tries again by itself. */
export function startPlayback(video: HTMLVideoElement, source: PlaybackSource, options: PlaybackOptions): () => void {
  const playback = new Playback(video, source, options);
  playback.begin();
  return () => playback.end();
}

class Playback {
  private methods: Method[] = [];
  private detach: () => void = () => undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watchdog: ReturnType<typeof setInterval> | undefined;
  private round = 0;
  /** Counts attempts, so that a late word of an old one is told apart. */
  private attempt = 0;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly source: PlaybackSource,
    private readonly options: PlaybackOptions,
  ) {}

  begin(): void {
    this.methods = playableMethods(this.options.delay ?? 'low');
    this.next();
  }

  end(): void {
    this.attempt += 1;
    clearTimeout(this.timer);
    this.release();
  }

  private next(): void {
    const method = this.methods.shift();
    if (method) void this.run(method);
    else this.timer = setTimeout(() => this.begin(), Math.min(LONGEST_RETRY_MS, 1000 * 2 ** this.round++));
  }

  private async run(method: Method): Promise<void> {
    const id = ++this.attempt;
    const giveBack = method === 'flv' ? takeFlvSlot() : () => undefined;
    if (!giveBack) return this.next();
    this.detach = giveBack;
    this.options.onState({ phase: this.round === 0 ? 'connecting' : 'retrying', method });

    const fail = () => {
      if (id !== this.attempt) return;
      this.attempt += 1;
      this.release();
      this.options.onState({ phase: 'retrying', method });
      this.next();
    };
    this.watch(method, fail);
    try {
      const stop = await ATTACH[method](this.video, method === 'native' ? this.source.hls : this.source[method], fail);
      if (id !== this.attempt) return stop();
      this.detach = () => {
        stop();
        giveBack();
      };
    } catch {
      // The player's code could not be fetched or refused to start: the next method may do.
      return fail();
    }
    // Refused only when sound is on without a click; then the page's own button starts it.
    this.video.play().catch(() => undefined);
  }

  /** Report `playing` when the picture moves, and failure when it stands still too long. */
  private watch(method: Method, fail: () => void): void {
    let lastTime = this.video.currentTime;
    let movedAt = Date.now();
    let playing = false;
    this.watchdog = setInterval(() => {
      if (this.video.currentTime !== lastTime) {
        lastTime = this.video.currentTime;
        movedAt = Date.now();
        if (!playing && this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
          playing = true;
          this.round = 0;
          this.options.onState({ phase: 'playing', method });
        }
      } else if (this.video.paused && playing) {
        movedAt = Date.now();
      } else if (Date.now() - movedAt > NO_PICTURE_MS) {
        fail();
      }
    }, 200);
  }

  private release(): void {
    clearInterval(this.watchdog);
    this.detach();
    this.detach = () => undefined;
  }
}

function playableMethods(delay: Delay): Method[] {
  if (delay === 'instant' && 'RTCPeerConnection' in globalThis) return ['whep', ...playableMethods('low')];
  const hasMse = typeof MediaSource !== 'undefined' || 'ManagedMediaSource' in globalThis;
  if (typeof MediaSource !== 'undefined') return delay === 'steady' ? ['hls'] : ['flv', 'hls'];
  return hasMse ? ['native', 'hls'] : ['native'];
}
