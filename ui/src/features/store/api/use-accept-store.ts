import { useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { Store } from '../../../lib/api-types';

/** Go on with the store as it is; everything on the screen may have changed. */
export function useAcceptStore() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => apiPost<Store>('hooks/store/accept'),
    onSuccess: () => queries.invalidateQueries(),
  });
}
