import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { Backup, BackupJob, Backups, BackupSchedule, ConfigChanges } from '../../../lib/house-types';

const REFRESH_MS = 20_000;
const JOB_REFRESH_MS = 1_000;

export const backupsQuery = queryOptions({
  queryKey: ['backup', 'list'],
  queryFn: ({ signal }) => apiPost<Backups>('mgmt/backup/list', {}, signal),
  refetchInterval: ({ state }) => (state.data?.running ? JOB_REFRESH_MS : REFRESH_MS),
});

export const backupScheduleQuery = queryOptions({
  queryKey: ['backup', 'schedule'],
  queryFn: ({ signal }) => apiPost<BackupSchedule>('mgmt/backup/schedule/query', {}, signal),
});

function useChange<I, O>(mutationFn: (input: I) => Promise<O>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => queries.invalidateQueries({ queryKey: ['backup'] }) });
}

export interface NewBackup {
  passphrase?: string;
  recordings: boolean;
  to: Backup['where'];
  unencrypted?: boolean;
}

export function useCreateBackup() {
  return useChange((wanted: NewBackup) => apiPost<BackupJob>('mgmt/backup/create', wanted));
}

export function useRemoveBackup() {
  return useChange((id: string) => apiPost('mgmt/backup/remove', { id }));
}

export function useRestoreBackup() {
  return useChange((wanted: { id: string; passphrase: string; password: string }) => apiPost<BackupJob>('mgmt/backup/restore', wanted));
}

export type ScheduleChange = Partial<Pick<BackupSchedule, 'enabled' | 'at' | 'zone' | 'days' | 'keep' | 'to' | 'recordings'>> & { passphrase?: string };

export function useUpdateSchedule() {
  return useChange((change: ScheduleChange) => apiPost<BackupSchedule>('mgmt/backup/schedule/update', change));
}

export function useExportConfig() {
  return useMutation({ mutationFn: async () => (await apiPost<{ yaml: string }>('mgmt/config/export')).yaml });
}

/** What the settings in a file would change, or with `dry_run` off: change it. */
export function useApplyConfig() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (wanted: { yaml: string; dry_run: boolean; password?: string }) => apiPost<ConfigChanges>('mgmt/config/apply', wanted),
    // Anything may have changed.
    onSuccess: (_found, { dry_run }) => (dry_run ? undefined : queries.invalidateQueries()),
  });
}
