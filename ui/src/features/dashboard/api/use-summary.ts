import { queryOptions, useQuery } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { Dashboard } from '../../../lib/monitor-types';
import { useLive } from '../../../lib/use-live';

// Told by the live connection every 5 s; asked for while that has not said anything.
const REFRESH_MS = 5_000;

const summaryQuery = queryOptions({
  queryKey: ['dashboard', 'summary'],
  queryFn: ({ signal }) => apiPost<Dashboard>('mgmt/dashboard/summary', {}, signal),
  refetchInterval: REFRESH_MS,
});

/** How the house is. */
export function useSummary() {
  const live = useLive().summary;
  const asked = useQuery({ ...summaryQuery, enabled: live === null });
  const newest = live ?? asked.data;
  return { summary: newest, error: newest ? null : asked.error, retry: () => void asked.refetch() };
}
