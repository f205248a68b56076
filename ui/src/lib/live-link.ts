import { apiUrl } from './api-client';
import type { Service, ServicesEvent, Stream, StreamsEvent } from './api-types';

export interface LiveSnapshot {
  connection: 'connecting' | 'open' | 'lost';
  /** Date.now() when the connection went away; null while it stands. */
  lostSince: number | null;
  /** null until the first event. */
  streams: Stream[] | null;
  services: Service[] | null;
  /** Add to Date.now() to get the server's clock, ms. */
  clockOffsetMs: number;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 8_000;
// While something is live an event comes every 2 s; silence means a dead connection that TCP has not noticed.
const SILENCE_MS = 10_000;

const START: LiveSnapshot = { connection: 'connecting', lostSince: null, streams: null, services: null, clockOffsetMs: 0 };

/**
 * The page's one connection for live state (`mgmt/live`). Holds the last snapshot, tells
 * subscribers of each new one, and connects again by itself, slower each time up to 8 s.
 */
export class LiveLink {
  private snapshot = START;
  private readonly listeners = new Set<() => void>();
  private source: EventSource | null = null;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;

  /** `onLost` is called at each failed attempt: a place to find out whether the session is over. */
  constructor(private readonly onLost: () => void = () => undefined) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly read = (): LiveSnapshot => this.snapshot;

  start(): void {
    this.stop();
    this.connect();
    addEventListener('online', this.retryNow);
    document.addEventListener('visibilitychange', this.retryWhenSeen);
  }

  stop(): void {
    removeEventListener('online', this.retryNow);
    document.removeEventListener('visibilitychange', this.retryWhenSeen);
    this.disconnect();
  }

  readonly retryNow = (): void => {
    if (this.snapshot.connection !== 'lost') return;
    this.disconnect();
    this.connect();
  };

  private readonly retryWhenSeen = (): void => {
    if (document.visibilityState === 'visible') this.retryNow();
  };

  private connect(): void {
    const source = new EventSource(apiUrl('mgmt/live'));
    this.source = source;
    source.onopen = () => {
      this.failures = 0;
      this.update({ connection: 'open', lostSince: null });
    };
    source.onerror = () => this.lose();
    source.addEventListener('streams', (event: MessageEvent<string>) => {
      const data = JSON.parse(event.data) as StreamsEvent;
      this.update({ streams: data.streams, clockOffsetMs: data.at_ms - Date.now() });
      this.watchSilence(data.streams.length > 0);
    });
    source.addEventListener('services', (event: MessageEvent<string>) => {
      this.update({ services: (JSON.parse(event.data) as ServicesEvent).services });
    });
  }

  private watchSilence(expectMore: boolean): void {
    clearTimeout(this.silenceTimer);
    if (expectMore) this.silenceTimer = setTimeout(() => this.lose(), SILENCE_MS);
  }

  private lose(): void {
    // EventSource gives up for good on some replies (502, 401), so each try is a new one.
    this.disconnect();
    this.update({ connection: 'lost', lostSince: this.snapshot.lostSince ?? Date.now() });
    const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.failures);
    this.failures += 1;
    this.retryTimer = setTimeout(() => this.connect(), wait * (0.75 + Math.random() / 2));
    this.onLost();
  }

  private disconnect(): void {
    clearTimeout(this.retryTimer);
    clearTimeout(this.silenceTimer);
    this.source?.close();
    this.source = null;
  }

  private update(change: Partial<LiveSnapshot>): void {
    this.snapshot = { ...this.snapshot, ...change };
    for (const listener of this.listeners) listener();
  }
}
