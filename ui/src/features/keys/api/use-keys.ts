import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { NewKey, PublishKey, PublishKeys } from '../../../lib/api-types';
import { knownStreamsQuery, type StreamRef } from '../../../lib/queries';

const LIST = 'keys';

export const keysQuery = ({ app, stream }: StreamRef) =>
  queryOptions({
    queryKey: [LIST, app, stream],
    queryFn: async ({ signal }) => (await apiPost<PublishKeys>('hooks/keys/list', { app, stream }, signal)).keys,
    // "Last used" moves by itself.
    refetchInterval: 10_000,
  });

function useKeyMutation<Variables, Answer>(path: string, alsoStreams = false) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Variables & object) => apiPost<Answer>(`hooks/keys/${path}`, body),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: [LIST] });
      // The first key adds its stream.
      if (alsoStreams) await queries.invalidateQueries({ queryKey: knownStreamsQuery.queryKey });
    },
  });
}

export const useCreateKey = () => useKeyMutation<StreamRef & { label: string; expires_ms: number | null }, NewKey>('create', true);
export const useUpdateKey = () => useKeyMutation<{ id: string; label?: string; enabled?: boolean; expires_ms?: number | null }, PublishKey>('update');
export const useRotateKey = () => useKeyMutation<{ id: string }, NewKey>('rotate');
export const useRevokeKey = () => useKeyMutation<{ id: string }, null>('revoke');
