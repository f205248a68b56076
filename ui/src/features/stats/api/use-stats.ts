import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { SessionStats, StreamsStats, ViewerStats } from '../../../lib/api-types';
import { rangeAt, refreshMs, type Range } from '../range';

/** One stream; empty: all together. */
export interface Scope {
  app?: string;
  stream?: string;
}

export type SessionKind = 'publish' | 'play';

const PAGE = 50;

/** `clockOffsetMs` makes this machine's time the server's. */
export function viewerStatsQuery(scope: Scope, range: Range, clockOffsetMs: number) {
  return queryOptions({
    queryKey: ['stats', 'viewers', scope, range],
    queryFn: ({ signal }) => apiPost<ViewerStats>('mgmt/stats/viewers', { ...scope, ...rangeAt(range, Date.now() + clockOffsetMs) }, signal),
    refetchInterval: refreshMs(range),
    placeholderData: keepPreviousData,
  });
}

export function streamStatsQuery(range: Range, clockOffsetMs: number) {
  return queryOptions({
    queryKey: ['stats', 'streams', range],
    queryFn: ({ signal }) => apiPost<StreamsStats>('mgmt/stats/streams', rangeAt(range, Date.now() + clockOffsetMs), signal),
    refetchInterval: refreshMs(range),
    placeholderData: keepPreviousData,
  });
}

/** Youngest first, page by page; `kind` null is both. */
export function sessionsQuery(scope: Scope, range: Range, kind: SessionKind | null, clockOffsetMs: number) {
  return infiniteQueryOptions({
    queryKey: ['stats', 'sessions', scope, range, kind],
    queryFn: ({ pageParam, signal }) =>
      apiPost<SessionStats>(
        'mgmt/stats/sessions',
        {
          ...scope,
          ...rangeAt(range, Date.now() + clockOffsetMs),
          limit: PAGE,
          ...(kind && { kind }),
          ...(pageParam && { cursor: pageParam }),
        },
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.cursor ?? undefined,
    refetchInterval: refreshMs(range),
  });
}
