import { apiGet } from '../lib/api-client';
import type { WatchFacts } from '../lib/api-types';
import { startPlayback } from '../lib/playback/playback';
import type { Delay } from '../lib/playback/types';
import { playbackSource, type PlaybackSource } from '../lib/stream-urls';
import { preferredDelay } from './delay-panel';
import { whyRefused } from './entry';
import { Passes } from './passes';
import { phraseForm } from './phrase-form';
import { refusalOf } from './refusal';
import type { View } from './view';
import { say } from './words';

const ASK_OFFLINE_MS = 2_500;
const ASK_LIVE_MS = 10_000;
const ASK_REFUSED_MS = 5_000;

/** Asks whether the stream is live and whether this viewer may see it, and plays it while so. */
export class Watcher {
  private stop: (() => void) | null = null;
  private delay: Delay = preferredDelay();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly passes: Passes;
  private webrtc = false;
  /** Why the viewer is kept out at present; empty while not. */
  private refused = '';
  /** The picture broke off, or was refused at its own door: ask there before playing. */
  private doubtful = false;

  constructor(
    private readonly app: string,
    private readonly stream: string,
    private readonly view: View,
    search = location.search,
  ) {
    this.passes = new Passes(app, stream, search);
  }

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
    this.end();
    this.play();
  }

  private async ask(): Promise<void> {
    clearTimeout(this.timer);
    const pass = this.passes.current;
    const path = `watch/${encodeURIComponent(this.app)}/${encodeURIComponent(this.stream)}`;
    const facts = await apiGet<WatchFacts>(pass === '' ? path : `${path}?pass=${encodeURIComponent(pass)}`).catch(() => null);
    const reason = !facts?.allowed || !facts.live || !this.doubtful ? facts?.reason : await whyRefused(this.source().hls);
    // With another pass meanwhile, the answer to that one counts.
    if (pass !== this.passes.current) return;
    clearTimeout(this.timer);
    const next = this.show(facts, reason ?? '');
    if (next !== null) this.timer = setTimeout(() => void this.ask(), next);
  }

  /** Show what is known; return when to ask again, ms, or null: not by itself. */
  private show(facts: WatchFacts | null, reason: string): number | null {
    if (!facts) {
      // The API may be away while the picture goes on: leave that alone.
      if (!this.stop && this.refused === '') this.view.showMessage(say('unreachable'));
      return ASK_OFFLINE_MS;
    }
    if (!facts.allowed || reason !== '') return this.showRefused(facts.access, reason || 'pass_missing');
    this.refused = '';
    this.webrtc = facts.webrtc;
    this.view.showTitle(facts.title, facts.webrtc);
    if (facts.live) {
      this.view.showLive(facts.viewers);
      if (!this.stop) this.play();
      return ASK_LIVE_MS;
    }
    this.end();
    this.view.showOffline();
    this.view.showMessage(say('offline'), say('offlineHelp'));
    return ASK_OFFLINE_MS;
  }

  private showRefused(access: string, reason: string): number | null {
    this.end();
    this.view.showOffline();
    const refusal = refusalOf(access, reason);
    if (refusal.passSpent && this.passes.drop()) return 0;
    const next = refusal.passesByItself ? ASK_REFUSED_MS : null;
    // What is on the screen stays as it is: someone may be typing. Without the spent pass the
    // answer is only that one is missing; what was wrong with it says more.
    if (this.refused === reason || (this.refused !== '' && reason === 'pass_missing')) return next;
    this.refused = reason;
    this.view.showRefusal(
      refusal.title,
      refusal.help,
      refusal.askPhrase ? phraseForm(this.app, this.stream, (pass) => this.enter(pass)) : next === null ? () => this.again() : null,
    );
    return next;
  }

  private enter(pass: string): void {
    this.passes.keep(pass);
    this.again();
  }

  private again(): void {
    this.refused = '';
    this.view.showMessage(say('connecting'));
    void this.ask();
  }

  private end(): void {
    this.stop?.();
    this.stop = null;
  }

  private source(): PlaybackSource {
    return playbackSource(this.app, this.stream, this.passes.current);
  }

  private play(): void {
    this.view.showMessage(say('connecting'));
    this.stop = startPlayback(this.view.video, this.source(), {
      delay: this.delay === 'instant' && !this.webrtc ? 'low' : this.delay,
      onState: ({ phase, method }) => {
        this.view.video.dataset.method = method;
        // The next method begins with `connecting` again: only a picture ends the doubt.
        if (phase !== 'connecting') this.doubtful = phase === 'retrying';
        if (phase === 'playing') return this.view.showPicture();
        this.view.showMessage(say('connecting'));
        // The stream may just have ended, or the viewer been cut off: find out now, not at the next turn.
        if (phase === 'retrying') this.timer = this.askSoon();
      },
    });
  }

  private askSoon(): ReturnType<typeof setTimeout> {
    clearTimeout(this.timer);
    return setTimeout(() => void this.ask(), 300);
  }
}
