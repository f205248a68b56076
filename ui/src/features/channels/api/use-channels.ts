import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { Channel, ChannelLimits, ServerFiles, SourceProbe } from '../../../lib/ffmpeg-types';
import type { ChannelChange } from '../channel-draft';

// A service that just started may have no live events yet; asked now and then all the same.
const REFRESH_MS = 15_000;

export const channelsQuery = queryOptions({
  queryKey: ['ffmpeg', 'channels'],
  queryFn: async ({ signal }) => (await apiPost<{ channels: Channel[] }>('ffmpeg/channels/list', {}, signal)).channels,
  refetchInterval: REFRESH_MS,
});

function useChange<I, O>(mutationFn: (input: I) => Promise<O>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => queries.invalidateQueries({ queryKey: channelsQuery.queryKey }) });
}

export function useCreateChannel() {
  return useChange((channel: ChannelChange & { kind: Channel['kind'] }) => apiPost<Channel>('ffmpeg/channels/create', channel));
}

export function useUpdateChannel() {
  return useChange((change: { id: string } & Partial<ChannelChange>) => apiPost<Channel>('ffmpeg/channels/update', change));
}

export function useRemoveChannel() {
  return useChange((id: string) => apiPost('ffmpeg/channels/remove', { id }));
}

export type ChannelTask = 'start' | 'stop' | 'skip';

export function useChannelTask(id: string) {
  return useChange((task: ChannelTask) => apiPost(`ffmpeg/channels/${task}`, { id }));
}

export interface Address {
  url: string;
  kind: Channel['kind'];
  allow_private: boolean;
}

/** Look into an address. */
export function useProbe() {
  return useMutation({ mutationFn: (of: Address) => apiPost<SourceProbe>('ffmpeg/channels/probe', of) });
}

/** What is in a file of the server. */
export const fileProbeQuery = (file: string) =>
  queryOptions({
    queryKey: ['file-probe', file],
    queryFn: ({ signal }) => apiPost<SourceProbe>('ffmpeg/channels/probe', { file }, signal),
    staleTime: Infinity,
    retry: false,
  });

export type Folder = 'vlive' | 'upload' | 'record';

/** Files that may be played, of one folder of the server; those of `record` are recordings. */
export const serverFilesQuery = (folder: Folder) =>
  queryOptions({
    queryKey: ['server-files', folder],
    queryFn: ({ signal }) => apiPost<ServerFiles>('ffmpeg/channels/files', { folder }, signal),
  });

/** Delete a file of the server for good. */
export function useRemoveFile() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (path: string) => apiPost('ffmpeg/channels/files/remove', { path }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['server-files'] }),
  });
}

export const limitsQuery = queryOptions({
  queryKey: ['ffmpeg', 'channel-limits'],
  queryFn: ({ signal }) => apiPost<ChannelLimits>('ffmpeg/channels/limits/query', {}, signal),
});

export function useUpdateLimits() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (changes: Partial<ChannelLimits>) => apiPost<ChannelLimits>('ffmpeg/channels/limits/update', changes),
    onSuccess: (limits) => queries.setQueryData(limitsQuery.queryKey, limits),
  });
}
