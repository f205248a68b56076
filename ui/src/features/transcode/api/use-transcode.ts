import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { LadderEstimate, Transcode, Transcodes } from '../../../lib/ffmpeg-types';
import type { LadderChange } from '../ladder-draft';

// How much of the processor is free changes by itself.
const REFRESH_MS = 10_000;

export const transcodesQuery = queryOptions({
  queryKey: ['ffmpeg', 'transcodes'],
  queryFn: ({ signal }) => apiPost<Transcodes>('ffmpeg/transcode/list', {}, signal),
  refetchInterval: REFRESH_MS,
});

function useChange<I, O>(mutationFn: (input: I) => Promise<O>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => queries.invalidateQueries({ queryKey: transcodesQuery.queryKey }) });
}

export function useCreateTranscode() {
  return useChange((ladder: LadderChange) => apiPost<Transcode>('ffmpeg/transcode/create', ladder));
}

export function useUpdateTranscode() {
  return useChange((change: { id: string } & Partial<LadderChange>) => apiPost<Transcode>('ffmpeg/transcode/update', change));
}

export function useRemoveTranscode() {
  return useChange((id: string) => apiPost('ffmpeg/transcode/remove', { id }));
}

export function useTranscodeTask(id: string) {
  return useChange((task: 'start' | 'stop') => apiPost(`ffmpeg/transcode/${task}`, { id }));
}

/** What a ladder would take of the processor; `id` of one that it replaces. */
export const estimateQuery = ({ app, stream, renditions, hardware }: LadderChange, id: string) =>
  queryOptions({
    queryKey: ['ffmpeg', 'estimate', id, app, stream, hardware, renditions],
    queryFn: ({ signal }) => apiPost<LadderEstimate>('ffmpeg/transcode/estimate', { app, stream, renditions, hardware, id }, signal),
    refetchInterval: REFRESH_MS,
    retry: false,
    // The last figures stay while new ones are counted.
    placeholderData: keepPreviousData,
  });
