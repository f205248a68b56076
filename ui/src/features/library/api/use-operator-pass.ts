import { useQuery } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { Preview } from '../../../lib/api-types';
import { VOD_APP } from '../../../lib/share-links';

// The server gives twelve hours.
const RENEW_MS = 6 * 60 * 60 * 1000;

/** The pass with which the signed-in operator's own player fetches a recording; null until it was asked for. */
export function useOperatorPass(id: string): string | null {
  const preview = useQuery({
    queryKey: ['preview', VOD_APP, id],
    queryFn: ({ signal }) => apiPost<Preview>('hooks/play/preview', { app: VOD_APP, stream: id }, signal),
    staleTime: RENEW_MS,
    refetchInterval: RENEW_MS,
    refetchOnWindowFocus: false,
  });
  if (preview.isPending) return null;
  // The session alone lets the operator in as well.
  return preview.data?.pass ?? '';
}
