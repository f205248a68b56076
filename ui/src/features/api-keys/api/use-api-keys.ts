import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { ApiKey, NewApiKey } from '../../../lib/house-types';

export const apiKeysQuery = queryOptions({
  queryKey: ['api-keys'],
  queryFn: async ({ signal }) => (await apiPost<{ keys: ApiKey[] }>('mgmt/api-keys/list', {}, signal)).keys,
});

function useChange<I, O>(mutationFn: (input: I) => Promise<O>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => queries.invalidateQueries({ queryKey: ['api-keys'] }) });
}

export function useCreateApiKey() {
  return useChange((wanted: { label: string; scope: ApiKey['scope']; expires_ms: number | null }) => apiPost<NewApiKey>('mgmt/api-keys/create', wanted));
}

export function useRemoveApiKey() {
  return useChange((id: string) => apiPost('mgmt/api-keys/remove', { id }));
}
