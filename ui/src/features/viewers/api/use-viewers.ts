import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { ViewerPage } from '../../../lib/api-types';
import type { StreamRef } from '../../../lib/queries';

export const VIEWERS_A_PAGE = 100;
const LIST = 'viewers';
const ASKED_MS = 3_000;

/** One page of who watches, newest first; `cursor` null is the first page. */
export const viewersQuery = ({ app, stream }: StreamRef, cursor: string | null) =>
  queryOptions({
    queryKey: [LIST, app, stream, cursor],
    queryFn: ({ signal }) => apiPost<ViewerPage>('hooks/viewers/query', { app, stream, cursor, limit: VIEWERS_A_PAGE }, signal),
    refetchInterval: ASKED_MS,
    placeholderData: keepPreviousData,
  });

export function useKickViewer() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { client_id: string; block_s: number }) => apiPost('hooks/viewers/kick', body),
    onSuccess: () => queries.invalidateQueries({ queryKey: [LIST] }),
  });
}
