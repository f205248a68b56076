import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import { outputsQuery } from '../../../lib/ffmpeg-queries';
import type { Output, OutputLog, OutputTest } from '../../../lib/ffmpeg-types';
import type { OutputFields } from '../output-draft';

const LOG_MS = 2_000;

export const logQuery = (id: string) =>
  queryOptions({
    queryKey: ['ffmpeg', 'output-log', id],
    queryFn: async ({ signal }) => (await apiPost<OutputLog>('ffmpeg/outputs/log', { id }, signal)).lines,
    refetchInterval: LOG_MS,
  });

function useChange<I, O>(mutationFn: (input: I) => Promise<O>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => queries.invalidateQueries({ queryKey: outputsQuery.queryKey }) });
}

export function useCreateOutput() {
  return useChange((fields: Partial<OutputFields>) => apiPost<Output>('ffmpeg/outputs/create', fields));
}

export function useUpdateOutput() {
  return useChange((fields: { id: string } & Partial<OutputFields>) => apiPost<Output>('ffmpeg/outputs/update', fields));
}

export function useRemoveOutput() {
  return useChange((id: string) => apiPost('ffmpeg/outputs/remove', { id }));
}

export function useDuplicateOutput() {
  return useChange((id: string) => apiPost<Output>('ffmpeg/outputs/duplicate', { id }));
}

export function useReorderOutputs() {
  return useChange((ids: string[]) => apiPost('ffmpeg/outputs/reorder', { ids }));
}

/** Switch any number on or off. */
export function useSwitchOutputs() {
  return useChange(({ ids, on }: { ids: string[]; on: boolean }) => apiPost(`ffmpeg/outputs/${on ? 'start' : 'stop'}`, { ids }));
}

export function useRetryOutput() {
  return useChange((id: string) => apiPost('ffmpeg/outputs/retry', { id }));
}

export type TestOf = { id?: string } & Partial<Pick<OutputFields, 'platform' | 'server' | 'key' | 'sender' | 'verify_tls'>>;

/** Send ten seconds of a test picture to a saved output by its id, to fields that are not saved yet, or to both. */
export function useTestOutput() {
  return useMutation({ mutationFn: (of: TestOf) => apiPost<OutputTest>('ffmpeg/outputs/test', of) });
}
