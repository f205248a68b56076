import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { NotifyTarget, NotifyTargets, NotifyTested } from '../../../lib/monitor-types';

/** What the operator chooses; a field that is left out of a change stays as it is. */
export type NotifyDraft = Pick<NotifyTarget, 'label' | 'kind' | 'fields' | 'levels' | 'language'>;

// Messages go out by themselves, and nothing tells the page of them.
const REFRESH_MS = 60_000;

export const notifyQuery = queryOptions({
  queryKey: ['notify'],
  queryFn: ({ signal }) => apiPost<NotifyTargets>('mgmt/notify/list', {}, signal),
  refetchInterval: REFRESH_MS,
});

function useChange<I, O>(mutationFn: (input: I) => Promise<O>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => queries.invalidateQueries({ queryKey: notifyQuery.queryKey }) });
}

export function useCreateNotify() {
  return useChange((draft: NotifyDraft) => apiPost<NotifyTarget>('mgmt/notify/create', { ...draft, enabled: true }));
}

export function useUpdateNotify() {
  return useChange((change: { id: string } & Partial<Omit<NotifyDraft, 'kind'> & { enabled: boolean }>) => apiPost<NotifyTarget>('mgmt/notify/update', change));
}

export function useRemoveNotify() {
  return useChange((id: string) => apiPost('mgmt/notify/remove', { id }));
}

export function useTestNotify() {
  return useChange((id: string) => apiPost<NotifyTested>('mgmt/notify/test', { id }));
}
