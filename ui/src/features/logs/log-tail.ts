import { apiPost } from '../../lib/api-client';
import { asApiError } from '../../lib/api-error';
import { EventLink, NOT_YET, type LinkState } from '../../lib/event-link';
import type { LogEntry, LogLevel, LogsPage } from '../../lib/monitor-types';

/** What is shown of the logs; empty services are all. */
export interface LogFilter {
  services: string[];
  level: LogLevel;
  text: string;
}

export interface LogSnapshot extends LinkState {
  /** Oldest first; null until known. */
  lines: LogEntry[] | null;
  services: string[];
  /** What could not be read, in words. */
  notes: string[];
  /** Where older lines begin; null where there are none, or none that fit. */
  older: string | null;
  /** Lines have been let go here because there were too many. */
  cut: boolean;
  /** So many lines came faster than they could be sent. */
  skipped: number;
  error: unknown;
}

const PAGE = 300;
/** More than a person reads, less than a browser feels. */
export const MOST_LINES = 10_000;

const START: LogSnapshot = { ...NOT_YET, lines: null, services: [], notes: [], older: null, cut: false, skipped: 0, error: null };

export function logParams({ services, level, text }: LogFilter): string {
  return new URLSearchParams({ services: services.join(','), level, text }).toString();
}

/** The end of the logs that fit a filter, as it grows. */
export class LogTail extends EventLink<LogSnapshot> {
  private ended = new AbortController();

  constructor(private readonly filter: LogFilter) {
    super(`mgmt/logs/live?${logParams(filter)}`, START);
  }

  // To start is to stop first.
  override stop(): void {
    this.ended.abort();
    this.ended = new AbortController();
    super.stop();
  }

  protected listen(on: <D>(type: string, take: (data: D) => void) => void): void {
    on<{ lines: LogEntry[]; skipped?: number }>('lines', ({ lines, skipped = 0 }) => {
      this.update({ lines: this.bounded(merged(this.snapshot.lines ?? [], lines)), skipped: this.snapshot.skipped + skipped });
    });
    // A new connection tells nothing of what was written before it.
    void this.ask(null);
  }

  /** Put the page before what is there in front of it. */
  readonly loadOlder = async (): Promise<void> => {
    if (this.snapshot.older) await this.ask(this.snapshot.older);
  };

  private async ask(before: string | null): Promise<void> {
    const { signal } = this.ended;
    try {
      const page = await apiPost<LogsPage>('mgmt/logs/query', { ...this.filter, limit: PAGE, ...(before && { before }) }, signal);
      const first = this.snapshot.lines === null || before !== null || this.snapshot.older === null;
      this.update({
        lines: this.bounded(merged(page.lines, this.snapshot.lines ?? [])),
        services: page.services,
        notes: page.notes,
        // After a break the page that was asked for is newer than the oldest one here.
        ...(first && !this.snapshot.cut && { older: page.older }),
        error: null,
      });
    } catch (error) {
      if (!signal.aborted) this.update({ error: asApiError(error) });
    }
  }

  private bounded(lines: LogEntry[]): LogEntry[] {
    if (lines.length <= MOST_LINES) return lines;
    this.update({ older: null, cut: true });
    return lines.slice(-MOST_LINES);
  }
}

/** Two runs of lines as one, each line once and in the order of time. */
export function merged(a: LogEntry[], b: LogEntry[]): LogEntry[] {
  if (a.length === 0) return b;
  const known = new Set(a.map(({ id }) => id));
  const more = b.filter(({ id }) => !known.has(id));
  if (more.length === 0) return a;
  const all = [...a, ...more];
  const inOrder = (more[0]?.at_ms ?? 0) >= (a.at(-1)?.at_ms ?? 0);
  return inOrder ? all : all.toSorted((one, other) => one.at_ms - other.at_ms);
}

/** One line as it goes into a file or a message. */
export function plainLine({ at_ms, service, level, text, fields }: LogEntry): string {
  const facts = Object.entries(fields).map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return `${new Date(at_ms).toISOString()} ${service} ${level} ${text}${facts.join('')}`;
}
