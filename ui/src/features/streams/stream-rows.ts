import type { KnownStream, Stream } from '../../lib/api-types';

/** One line of the list of streams: added beforehand, live, or both. */
export interface StreamRow {
  url: string;
  app: string;
  stream: string;
  known: KnownStream | null;
  live: Stream | null;
}

export type StreamFilter = 'all' | 'live' | 'off';

/** Put what was added and what is live together: live ones first, then by name. */
export function streamRows(known: KnownStream[], live: Stream[]): StreamRow[] {
  const rows = new Map<string, StreamRow>();
  for (const one of known) rows.set(one.url, { url: one.url, app: one.app, stream: one.stream, known: one, live: null });
  for (const one of live) {
    const had = rows.get(one.url);
    rows.set(one.url, { url: one.url, app: one.app, stream: one.stream, known: had?.known ?? null, live: one });
  }
  return [...rows.values()].toSorted((a, b) => Number(b.live !== null) - Number(a.live !== null) || a.url.localeCompare(b.url));
}

/** The rows that fit the filter and whose name or title holds every word of `search`. */
export function fittingRows(rows: StreamRow[], filter: StreamFilter, search: string): StreamRow[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    if (filter !== 'all' && (filter === 'live') !== (row.live !== null)) return false;
    const text = `${row.url} ${row.known?.title ?? ''}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
