import { apiUrl } from './api-client';

export interface LinkState {
  connection: 'connecting' | 'open' | 'lost';
  /** Date.now() when the connection went away; null while it stands. */
  lostSince: number | null;
}

export const NOT_YET: LinkState = { connection: 'connecting', lostSince: null };

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 8_000;

/**
 * One connection for events of the server, as a store: holds the last snapshot, tells subscribers
 * of each new one, and connects again by itself, slower each time up to 8 s.
 */
export abstract class EventLink<S extends LinkState> {
  private readonly listeners = new Set<() => void>();
  private source: EventSource | null = null;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;

  /** `path` is below the API's root; `onLost` is called at each failed attempt. */
  constructor(
    private readonly path: string,
    protected snapshot: S,
    private readonly onLost: () => void = () => undefined,
  ) {}

  /** Take the events of a new connection: `on(type, take)` for each type. */
  protected abstract listen(on: <D>(type: string, take: (data: D) => void) => void): void;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly read = (): S => this.snapshot;

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
    const source = new EventSource(apiUrl(this.path));
    this.source = source;
    source.onopen = () => {
      this.failures = 0;
      this.update({ connection: 'open', lostSince: null } as Partial<S>);
    };
    source.onerror = () => this.lose();
    this.listen((type, take) => source.addEventListener(type, (event: MessageEvent<string>) => take(JSON.parse(event.data))));
  }

  protected lose(): void {
    // EventSource gives up for good on some replies (502, 401), so each try is a new one.
    this.disconnect();
    this.update({ connection: 'lost', lostSince: this.snapshot.lostSince ?? Date.now() } as Partial<S>);
    const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.failures);
    this.failures += 1;
    this.retryTimer = setTimeout(() => this.connect(), wait * (0.75 + Math.random() / 2));
    this.onLost();
  }

  protected disconnect(): void {
    clearTimeout(this.retryTimer);
    this.source?.close();
    this.source = null;
  }

  protected update(change: Partial<S>): void {
    this.snapshot = { ...this.snapshot, ...change };
    for (const listener of this.listeners) listener();
  }
}
