import { queryOptions } from '@tanstack/react-query';
import { apiPost } from './api-client';
import type { Outputs, Programme } from './ffmpeg-types';

// A service that just started may have no live events yet; asked now and then all the same.
const REFRESH_MS = 15_000;

/** Where streams go, and what is known of platforms. */
export const outputsQuery = queryOptions({
  queryKey: ['ffmpeg', 'outputs'],
  queryFn: ({ signal }) => apiPost<Outputs>('ffmpeg/outputs/list', {}, signal),
  refetchInterval: REFRESH_MS,
});

export const programmesQuery = queryOptions({
  queryKey: ['ffmpeg', 'programmes'],
  queryFn: async ({ signal }) => (await apiPost<{ programmes: Programme[] }>('ffmpeg/programme/list', {}, signal)).programmes,
  refetchInterval: REFRESH_MS,
});
