import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from './api-client';
import type { FrontSettings } from './house-types';

/** How the web server shows the house: redirects, HLS, frames, proxies. */
export const frontQuery = queryOptions({
  queryKey: ['front'],
  queryFn: ({ signal }) => apiPost<FrontSettings>('mgmt/front/query', {}, signal),
  staleTime: 5_000,
});

export type FrontChange = Partial<Pick<FrontSettings, 'redirect_https' | 'hsts' | 'rtmps' | 'embed' | 'embed_hosts'>>;

/** Call something that changes what `frontQuery` answers. */
export function useFrontCall<I>(call: (input: I) => Promise<unknown>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: call, onSettled: () => queries.invalidateQueries({ queryKey: ['front'] }) });
}

export function useUpdateFront() {
  return useFrontCall((change: FrontChange) => apiPost('mgmt/front/update', change));
}
