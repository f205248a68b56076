import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { StreamRef } from '../../../lib/queries';
import type { Recording, RecordMode, RecordRules, Schedule, ScheduleDraft, StreamRecording } from '../../../lib/recording-types';

const REFRESH_MS = 5_000;

export const rulesQuery = queryOptions({
  queryKey: ['record-rules', 'all'],
  queryFn: ({ signal }) => apiPost<RecordRules>('recordings/rules/query', {}, signal),
});

export const schedulesQuery = queryOptions({
  queryKey: ['record-rules', 'schedules'],
  queryFn: async ({ signal }) => (await apiPost<{ schedules: Schedule[] }>('recordings/schedules/list', {}, signal)).schedules,
  // The next time comes and goes.
  refetchInterval: 60_000,
});

/** Is this stream recorded, and why? */
export const streamRecordingQuery = ({ app, stream }: StreamRef) =>
  queryOptions({
    queryKey: ['record-rules', 'stream', app, stream],
    queryFn: ({ signal }) => apiPost<StreamRecording>('recordings/stream/query', { app, stream }, signal),
    refetchInterval: REFRESH_MS,
  });

export function useUpdateRules() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (changes: Partial<RecordRules>) => apiPost<RecordRules>('recordings/rules/update', changes),
    onSuccess: (rules) => queries.setQueryData(rulesQuery.queryKey, rules),
  });
}

function useScheduleChange<I, O>(mutationFn: (input: I) => Promise<O>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => queries.invalidateQueries({ queryKey: schedulesQuery.queryKey }) });
}

export function useCreateSchedule() {
  return useScheduleChange((draft: ScheduleDraft) => apiPost<Schedule>('recordings/schedules/create', draft));
}

export function useUpdateSchedule() {
  return useScheduleChange((change: { id: string } & Partial<ScheduleDraft>) => apiPost<Schedule>('recordings/schedules/update', change));
}

export function useRemoveSchedule() {
  return useScheduleChange((id: string) => apiPost('recordings/schedules/remove', { id }));
}

/** Each answer is how the stream stands now. */
function useStreamChange<I>(of: StreamRef, ask: (input: I) => Promise<StreamRecording>) {
  const queries = useQueryClient();
  const { queryKey } = streamRecordingQuery(of);
  return useMutation({
    mutationFn: async (input: I) => {
      // An older answer on its way must not undo this one on the screen.
      await queries.cancelQueries({ queryKey });
      return ask(input);
    },
    onSuccess: (now) => queries.setQueryData(queryKey, now),
  });
}

export function useUpdateStreamRecording({ app, stream }: StreamRef) {
  return useStreamChange({ app, stream }, (changes: { mode?: RecordMode; target_id?: string | null }) =>
    apiPost<StreamRecording>('recordings/stream/update', { app, stream, ...changes }),
  );
}

/** Begin or end by hand, until the publisher leaves. */
export function useRecordByHand({ app, stream }: StreamRef) {
  return useStreamChange({ app, stream }, (task: 'start' | 'stop') => apiPost<StreamRecording>(`recordings/${task}`, { app, stream }));
}

export const recordingQuery = (id: string) =>
  queryOptions({
    queryKey: ['recordings', 'one', id],
    queryFn: ({ signal }) => apiPost<Recording>('recordings/get', { id }, signal),
  });
