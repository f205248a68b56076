import { apiGet } from '../lib/api-client';
import type { WatchFacts } from '../lib/api-types';
import { startPlayback } from '../lib/playback/playback';
import { streamUrls } from '../lib/stream-urls';
import { preferredDelay, type Delay } from './delay-panel';
import type { View } from './view';
import { say } from './words';

const ASK_OFFLINE_MS = 2_500;
const ASK_LIVE_MS = 10_000;

/** Asks whether the stream is live, and plays it while it is. */
export class Watcher {
  private stop: (() => void) | null = null;
  private delay: Delay = preferredDelay();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly app: string,
    private readonly stream: string,
    private readonly view: View,
  ) {}

  start(): void {
    this.view.showMessage(say('connecting'));
    void this.ask();
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') void this.ask();
    });
  }

  useDelay(delay: Delay): void {
    this.delay = delay;
    if (!this.stop) return;
    this.stop();
    this.play();
  }

  private async ask(): Promise<void> {
    clearTimeout(this.timer);
    const path = `watch/${encodeURIComponent(this.app)}/${encodeURIComponent(this.stream)}`;
    const facts = await apiGet<WatchFacts>(path).catch(() => null);
    this.show(facts);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(), facts?.live ? ASK_LIVE_MS : ASK_OFFLINE_MS);
  }

  private show(facts: WatchFacts | null): void {
    if (!facts) {
      // The API may be away while the picture goes on: leave that alone.
      if (!this.stop) this.view.showMessage(say('unreachable'));
    } else if (facts.live) {
      this.view.showLive(facts.viewers);
      if (!this.stop) this.play();
    } else {
      this.stop?.();
      this.stop = null;
      this.view.showOffline();
      this.view.showMessage(say('offline'), say('offlineHelp'));
    }
  }

  private play(): void {
    this.view.showMessage(say('connecting'));
    this.stop = startPlayback(this.view.video, streamUrls(this.app, this.stream), {
      delay: this.delay,
      onState: ({ phase }) => {
        if (phase === 'playing') return this.view.showPicture();
        this.view.showMessage(say('connecting'));
        // The stream may just have ended: find out now, not at the next turn.
        if (phase === 'retrying') this.timer = this.askSoon();
      },
    });
  }

  private askSoon(): ReturnType<typeof setTimeout> {
    clearTimeout(this.timer);
    return setTimeout(() => void this.ask(), 300);
  }
}
