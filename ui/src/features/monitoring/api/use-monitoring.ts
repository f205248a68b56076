import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { DashboardSeries, TrafficSettings } from '../../../lib/monitor-types';
import type { Range } from '../range';
import { refreshMs } from '../range';

export function seriesQuery(range: Range) {
  return queryOptions({
    queryKey: ['dashboard', 'series', range],
    queryFn: ({ signal }) => apiPost<DashboardSeries>('mgmt/dashboard/series', { range }, signal),
    refetchInterval: refreshMs(range),
    placeholderData: keepPreviousData,
  });
}

export const trafficQuery = queryOptions({
  queryKey: ['dashboard', 'traffic'],
  queryFn: ({ signal }) => apiPost<TrafficSettings>('mgmt/traffic/query', {}, signal),
});

export type TrafficChange = Partial<Pick<TrafficSettings, 'quota_gb' | 'resets_on_day' | 'count' | 'interface'>>;

export function useUpdateTraffic() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: TrafficChange) => apiPost<TrafficSettings>('mgmt/traffic/update', change),
    onSuccess: (saved) => queries.setQueryData(trafficQuery.queryKey, saved),
  });
}

const PROGRAMS = ['node_exporter', 'prometheus'];

/** Start Prometheus, and what measures the machine for it. */
export function useSwitchOnPrometheus() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      for (const name of PROGRAMS) await apiPost('mgmt/containers', { action: 'enabled', name, enabled: true });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['dashboard'] }),
  });
}
