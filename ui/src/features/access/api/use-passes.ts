import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { NewPass, Passes, PassToken } from '../../../lib/api-types';
import { knownStreamsQuery, type StreamRef } from '../../../lib/queries';

const LIST = 'passes';

export const passesQuery = ({ app, stream }: StreamRef) =>
  queryOptions({
    queryKey: [LIST, app, stream],
    queryFn: async ({ signal }) => (await apiPost<Passes>('hooks/play/passes/list', { app, stream }, signal)).passes,
    // Uses move by themselves.
    refetchInterval: 10_000,
  });

/** What stands behind `pass=` in the links of one pass. */
export const passTokenQuery = (id: string) =>
  queryOptions({
    queryKey: ['pass-token', id],
    queryFn: async ({ signal }) => (await apiPost<PassToken>('hooks/play/passes/token', { id }, signal)).token,
    staleTime: Infinity,
  });

export function useCreatePass() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: StreamRef & { label: string; expires_ms: number | null; max_viewers: number }) =>
      apiPost<NewPass>('hooks/play/passes/create', body),
    onSuccess: async ({ pass, token }) => {
      queries.setQueryData(passTokenQuery(pass.id).queryKey, token);
      await queries.invalidateQueries({ queryKey: [LIST] });
      // The first pass adds its stream.
      await queries.invalidateQueries({ queryKey: knownStreamsQuery.queryKey });
    },
  });
}

export function useRevokePass() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => apiPost('hooks/play/passes/revoke', { id }),
    onSuccess: () => queries.invalidateQueries({ queryKey: [LIST] }),
  });
}
