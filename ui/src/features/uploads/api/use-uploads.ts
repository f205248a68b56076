import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiGet, apiUrl } from '../../../lib/api-client';
import type { UnfinishedUpload } from '../../../lib/recording-types';

/** Files of which the server has a part only, whoever began to send them. */
export const unfinishedQuery = queryOptions({
  queryKey: ['own-uploads', 'unfinished'],
  queryFn: async ({ signal }) => (await apiGet<{ uploads: UnfinishedUpload[] }>('uploads/', signal)).uploads,
});

/** The most that one file may have, bytes; null where the server names no limit. */
export const uploadLimitQuery = queryOptions({
  queryKey: ['own-uploads', 'limit'],
  queryFn: async ({ signal }) => {
    const reply = await fetch(apiUrl('uploads/'), { method: 'OPTIONS', credentials: 'same-origin', cache: 'no-store', signal });
    const most = Number(reply.headers.get('Tus-Max-Size') ?? Number.NaN);
    return Number.isFinite(most) ? most : null;
  },
  staleTime: 15_000,
});

/** Let the server forget what it has of a file. */
export function useDiscard() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (id: string) => {
      const { Upload } = await import('tus-js-client');
      await Upload.terminate(apiUrl(`uploads/${id}`));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: unfinishedQuery.queryKey }),
  });
}
