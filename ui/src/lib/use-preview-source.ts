import { useQuery } from '@tanstack/react-query';
import { apiPost } from './api-client';
import type { Preview } from './api-types';
import { playbackSource, type PlaybackSource } from './stream-urls';

// The server gives twelve hours.
const RENEW_MS = 6 * 60 * 60 * 1000;

/** Where the signed-in operator's own player fetches a stream, whoever else may watch it; null until known. */
export function usePreviewSource(app: string, stream: string): PlaybackSource | null {
  const preview = useQuery({
    queryKey: ['preview', app, stream],
    queryFn: ({ signal }) => apiPost<Preview>('hooks/play/preview', { app, stream }, signal),
    staleTime: RENEW_MS,
    refetchInterval: RENEW_MS,
    refetchOnWindowFocus: false,
  });
  if (preview.isPending) return null;
  // Without a pass what is public still plays.
  return playbackSource(app, stream, preview.data?.pass ?? '');
}
