import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { UpgradeSettings, UpgradeStatus, UpgradeWindow } from '../../../lib/house-types';

const REFRESH_MS = 10_000;

export const upgradeQuery = queryOptions({
  queryKey: ['upgrade', 'status'],
  queryFn: ({ signal }) => apiPost<UpgradeStatus>('mgmt/upgrade/status', {}, signal),
  refetchInterval: REFRESH_MS,
});

export const windowQuery = queryOptions({
  queryKey: ['upgrade', 'window'],
  queryFn: ({ signal }) => apiPost<UpgradeWindow>('mgmt/window/query', {}, signal),
});

export const upgradeSettingsQuery = queryOptions({
  queryKey: ['upgrade', 'settings'],
  queryFn: ({ signal }) => apiPost<UpgradeSettings>('mgmt/upgrade/settings/query', {}, signal),
});

function useChange<I, O>(mutationFn: (input: I) => Promise<O>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => queries.invalidateQueries({ queryKey: ['upgrade'] }) });
}

export interface Begin {
  version?: string;
  force?: boolean;
  dry_run?: boolean;
}

export function useBeginUpgrade() {
  return useChange((begin: Begin) => apiPost<{ version: string; id: string }>('mgmt/upgrade', begin));
}

export function useBeginRollback() {
  return useChange((begin: Omit<Begin, 'dry_run'> & { password: string }) => apiPost<{ version: string; id: string }>('mgmt/upgrade/rollback', begin));
}

export function useLookForReleases() {
  return useChange(() => apiPost<UpgradeStatus>('mgmt/upgrade/check'));
}

export function useStrategy() {
  return useChange((strategy: UpgradeStatus['strategy']) => apiPost('mgmt/strategy', { strategy }));
}

export function useUpdateWindow() {
  return useChange((window: Pick<UpgradeWindow, 'start' | 'duration' | 'zone'>) => apiPost<UpgradeWindow>('mgmt/window/update', window));
}

export function useUpdateUpgradeSettings() {
  return useChange((change: Partial<Omit<UpgradeSettings, 'pinned'>> & { password?: string }) => apiPost<UpgradeSettings>('mgmt/upgrade/settings/update', change));
}
