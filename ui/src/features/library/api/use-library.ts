import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { Clip, LibrarySummary, NotDeleted, Recording, RecordingPage, StreamCount } from '../../../lib/recording-types';
import type { RecordingsBody } from '../library-search';

const ROOT = 'recordings';
const LIST = [ROOT, 'list'] as const;
const PAGE = 50;
/** So many at once are deleted by one call. */
const MOST_AT_ONCE = 500;

export type RetryWhat = 'mp4' | 'upload' | 'thumbnails';

export const libraryQuery = (body: RecordingsBody) =>
  infiniteQueryOptions({
    queryKey: [...LIST, body],
    queryFn: ({ pageParam, signal }) =>
      apiPost<RecordingPage>('recordings/query', { ...body, limit: PAGE, ...(pageParam !== null && { cursor: pageParam }) }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.cursor,
    // The list stays while somebody types or filters.
    placeholderData: keepPreviousData,
  });

export const recordingQuery = (id: string) =>
  queryOptions({
    queryKey: [ROOT, 'one', id],
    queryFn: ({ signal }) => apiPost<Recording>('recordings/get', { id }, signal),
  });

export const summaryQuery = queryOptions({
  queryKey: [ROOT, 'summary'],
  queryFn: ({ signal }) => apiPost<LibrarySummary>('recordings/summary', {}, signal),
  refetchInterval: 15_000,
});

export const recordedStreamsQuery = queryOptions({
  queryKey: [ROOT, 'streams'],
  queryFn: async ({ signal }) => (await apiPost<{ streams: StreamCount[] }>('recordings/streams', {}, signal)).streams,
});

/** Ask for the lists again: something in them is not what it was. */
export function useRefreshLibrary(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    await Promise.all(
      [LIST, summaryQuery.queryKey, recordedStreamsQuery.queryKey].map((queryKey) => queries.invalidateQueries({ queryKey })),
    );
  };
}

function useChanged() {
  const queries = useQueryClient();
  const refresh = useRefreshLibrary();
  return async (changed: Recording) => {
    queries.setQueryData(recordingQuery(changed.id).queryKey, changed);
    await refresh();
  };
}

export function useUpdateRecording(id: string) {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: (change: Partial<Pick<Recording, 'title' | 'tags' | 'keep'>>) => apiPost<Recording>('recordings/update', { id, ...change }),
    onSuccess,
  });
}

export function useRetry(id: string) {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: (what: RetryWhat) => apiPost<Recording>('recordings/retry', { id, what }), onSuccess });
}

/** Close a recording that is under way. */
export function useEndRecording(id: string) {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: () => apiPost<Recording>('recordings/end', { id }), onSuccess });
}

export function useClip() {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: (clip: Clip) => apiPost<Recording>('recordings/clip', clip), onSuccess });
}

/** Delete any number of recordings; the answer is those that were not. */
export function useDeleteRecordings() {
  const refresh = useRefreshLibrary();
  return useMutation({
    mutationFn: async ({ ids, bucket_too }: { ids: string[]; bucket_too: boolean }) => {
      const refused: NotDeleted[] = [];
      for (let at = 0; at < ids.length; at += MOST_AT_ONCE) {
        const part = ids.slice(at, at + MOST_AT_ONCE);
        const done = await apiPost<{ refused: NotDeleted[] }>('recordings/delete', { ids: part, confirm: part.length, bucket_too });
        refused.push(...done.refused);
      }
      return refused;
    },
    // Of several calls the first ones may have done their part.
    onSettled: refresh,
  });
}
