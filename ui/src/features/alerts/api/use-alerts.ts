import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { apiPost } from '../../../lib/api-client';
import type { Alert, AlertRule, AlertRules, Alerts } from '../../../lib/monitor-types';
import { useLive } from '../../../lib/use-live';

const REFRESH_MS = 15_000;

const alertsQuery = queryOptions({
  queryKey: ['alerts', 'list'],
  queryFn: ({ signal }) => apiPost<Alerts>('mgmt/alerts/list', {}, signal),
  refetchInterval: REFRESH_MS,
});

export const rulesQuery = queryOptions({
  queryKey: ['alerts', 'rules'],
  queryFn: ({ signal }) => apiPost<AlertRules>('mgmt/alerts/rules/list', {}, signal),
});

/** What is wrong now, as soon as it is known, and what was. */
export function useAlerts() {
  const query = useQuery(alertsQuery);
  const queries = useQueryClient();
  const { alerts: live } = useLive();
  const known = live?.map(({ id, state }) => `${id} ${state}`).join('\n');
  useEffect(() => {
    // What has ended is in the history from now on.
    if (known !== undefined) void queries.invalidateQueries({ queryKey: alertsQuery.queryKey });
  }, [known, queries]);
  return { query, alerts: live ?? query.data?.alerts };
}

function useChange<I, O>(mutationFn: (input: I) => Promise<O>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => queries.invalidateQueries({ queryKey: ['alerts'] }) });
}

export function useAcknowledge() {
  return useChange((id: string) => apiPost<Alert>('mgmt/alerts/ack', { id }));
}

export type RuleChange = Pick<AlertRule, 'rule'> & Partial<Pick<AlertRule, 'enabled' | 'threshold' | 'for_s' | 'level'>> & { reset?: boolean };

export function useUpdateRule() {
  return useChange((change: RuleChange) => apiPost<AlertRule>('mgmt/alerts/rules/update', change));
}
