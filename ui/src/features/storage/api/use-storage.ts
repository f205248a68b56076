import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { StorageSettings, StorageTarget, StorageTest, StorageUploads } from '../../../lib/recording-types';
import type { TargetDraft } from '../target-draft';

const REFRESH_MS = 5_000;

export const uploadsQuery = queryOptions({
  queryKey: ['storage', 'uploads'],
  queryFn: ({ signal }) => apiPost<StorageUploads>('storage/uploads/query', { limit: 200 }, signal),
  refetchInterval: REFRESH_MS,
});

export const settingsQuery = queryOptions({
  queryKey: ['storage', 'settings'],
  queryFn: ({ signal }) => apiPost<StorageSettings>('storage/settings/query', {}, signal),
});

function useChange<I, O>(mutationFn: (input: I) => Promise<O>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => queries.invalidateQueries({ queryKey: ['storage'] }) });
}

export function useCreateTarget() {
  return useChange((draft: Partial<TargetDraft>) => apiPost<StorageTarget>('storage/targets/create', draft));
}

export function useUpdateTarget() {
  return useChange((change: { id: string } & Partial<TargetDraft & { enabled: boolean }>) => apiPost<StorageTarget>('storage/targets/update', change));
}

export function useRemoveTarget() {
  return useChange((id: string) => apiPost('storage/targets/remove', { id }));
}

export function useMakeDefault() {
  return useChange((id: string) => apiPost('storage/targets/set_default', { id }));
}

/** Try a saved target by its id, or fields that are not saved yet. */
export function useTestTarget() {
  return useChange((of: { id?: string } & Partial<TargetDraft>) => apiPost<StorageTest>('storage/targets/test', of));
}

export type UploadTask = 'pause' | 'resume' | 'retry';

export function useUploadTask() {
  return useChange(({ id, task }: { id: string; task: UploadTask }) => apiPost(`storage/uploads/${task}`, { id }));
}

export function useUpdateSettings() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (changes: Partial<StorageSettings>) => apiPost<StorageSettings>('storage/settings/update', changes),
    onSuccess: (settings) => queries.setQueryData(settingsQuery.queryKey, settings),
  });
}
