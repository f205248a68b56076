import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { HouseService } from '../../../lib/house-types';

// CPU and memory are read at the moment of the question.
const REFRESH_MS = 5_000;
const LOG_REFRESH_MS = 3_000;
const LOG_LINES = 200;

export const containersQuery = queryOptions({
  queryKey: ['containers'],
  queryFn: ({ signal }) => apiPost<HouseService[]>('mgmt/containers', { action: 'query' }, signal),
  refetchInterval: REFRESH_MS,
});

/** The end of what a program has written. */
export const serviceLogsQuery = (name: string) =>
  queryOptions({
    queryKey: ['containers', 'logs', name],
    queryFn: async ({ signal }) => (await apiPost<{ lines: string[] }>('mgmt/containers', { action: 'logs', name, lines: LOG_LINES }, signal)).lines,
    refetchInterval: LOG_REFRESH_MS,
  });

export interface ServiceChange {
  action: 'start' | 'stop' | 'restart' | 'upgrade' | 'rollback_image' | 'enabled' | 'switch';
  /** The service; of `switch`, the media server wanted. */
  name: string;
  enabled?: boolean;
  /** Even while somebody is live. */
  force?: boolean;
}

export function useChangeService() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: ServiceChange) => apiPost('mgmt/containers', change),
    onSettled: () => queries.invalidateQueries({ queryKey: ['containers'] }),
  });
}
