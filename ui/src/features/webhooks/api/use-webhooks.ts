import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { HookDeliveries, HookDelivery, HookTarget, HookTargets, HookTargetSecret } from '../../../lib/api-types';

/** What the operator chooses of a target. */
export type TargetDraft = Pick<HookTarget, 'label' | 'url' | 'types' | 'allow_private' | 'blocking' | 'fallback'>;

const PAGE = 50;
// Deliveries end by themselves, and the live events do not tell of them.
const REFRESH_MS = 5_000;

export const targetsQuery = queryOptions({
  queryKey: ['webhooks', 'targets'],
  queryFn: ({ signal }) => apiPost<HookTargets>('mgmt/hooks/targets/list', {}, signal),
  refetchInterval: REFRESH_MS,
});

/** Newest first, page by page; `targetId` empty is all. */
export function deliveriesQuery(targetId: string) {
  return infiniteQueryOptions({
    queryKey: ['webhooks', 'deliveries', targetId],
    queryFn: ({ pageParam, signal }) =>
      apiPost<HookDeliveries>(
        'mgmt/hooks/deliveries/query',
        { limit: PAGE, ...(targetId && { target_id: targetId }), ...(pageParam && { cursor: pageParam }) },
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.cursor ?? undefined,
    refetchInterval: REFRESH_MS,
  });
}

function useChange<I, O>(mutationFn: (input: I) => Promise<O>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => queries.invalidateQueries({ queryKey: ['webhooks'] }) });
}

export function useCreateTarget() {
  return useChange((draft: TargetDraft) => apiPost<HookTargetSecret>('mgmt/hooks/targets/create', draft));
}

export function useUpdateTarget() {
  return useChange((change: { id: string } & Partial<TargetDraft & { enabled: boolean }>) => apiPost<HookTarget>('mgmt/hooks/targets/update', change));
}

export function useRotateTarget() {
  return useChange((id: string) => apiPost<HookTargetSecret>('mgmt/hooks/targets/rotate', { id }));
}

export function useRemoveTarget() {
  return useChange((id: string) => apiPost('mgmt/hooks/targets/remove', { id }));
}

export function useTestTarget() {
  return useChange((id: string) => apiPost<HookDelivery>('mgmt/hooks/targets/test', { id }));
}

export function useResend() {
  return useChange((id: string) => apiPost<HookDelivery>('mgmt/hooks/deliveries/resend', { id }));
}
