import type { Service, ServicesEvent, Stream, StreamsEvent } from './api-types';
import { EventLink, NOT_YET, type LinkState } from './event-link';
import type { Alert, Dashboard } from './monitor-types';

export interface LiveSnapshot extends LinkState {
  /** null until the first event. */
  streams: Stream[] | null;
  services: Service[] | null;
  /** How the house is, told every 5 s. */
  summary: Dashboard | null;
  /** What is wrong now. */
  alerts: Alert[] | null;
  /** Add to Date.now() to get the server's clock, ms. */
  clockOffsetMs: number;
}

// While something is live an event comes every 2 s; silence means a dead connection that TCP has not noticed.
const SILENCE_MS = 10_000;

/** The page's one connection for live state (`mgmt/live`). */
export class LiveLink extends EventLink<LiveSnapshot> {
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;

  /** `onLost` is called at each failed attempt: a place to find out whether the session is over. */
  constructor(onLost?: () => void) {
    super('mgmt/live', { ...NOT_YET, streams: null, services: null, summary: null, alerts: null, clockOffsetMs: 0 }, onLost);
  }

  protected listen(on: <D>(type: string, take: (data: D) => void) => void): void {
    on<StreamsEvent>('streams', ({ streams, at_ms }) => {
      this.update({ streams, clockOffsetMs: at_ms - Date.now() });
      this.watchSilence(streams.length > 0);
    });
    on<ServicesEvent>('services', ({ services }) => this.update({ services }));
    on<Dashboard>('summary', (summary) => this.update({ summary }));
    on<{ alerts: Alert[] }>('alerts', ({ alerts }) => this.update({ alerts }));
  }

  private watchSilence(expectMore: boolean): void {
    clearTimeout(this.silenceTimer);
    if (expectMore) this.silenceTimer = setTimeout(() => this.lose(), SILENCE_MS);
  }

  protected override disconnect(): void {
    clearTimeout(this.silenceTimer);
    super.disconnect();
  }
}
