import { keepPreviousData, queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { apiFile, apiPost } from '../../../lib/api-client';
import { ApiError } from '../../../lib/api-error';
import { apiUpload } from '../../../lib/api-upload';
import { useFfmpegFeed } from '../../../lib/ffmpeg-feed';
import { programmesQuery } from '../../../lib/ffmpeg-queries';
import type { Programme, ProgrammeChange, Slate, SlateFile, SlateFiles } from '../../../lib/ffmpeg-types';
import { slateKey } from '../programme-state';

/** Every programme in its newest state, with the query they came by. */
export function useLiveProgrammes() {
  const query = useQuery(programmesQuery);
  const live = useFfmpegFeed().programmes;
  return { query, programmes: query.data && (live ? [...live.values()] : query.data) };
}

function useChange<I, O>(mutationFn: (input: I) => Promise<O>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => queries.invalidateQueries({ queryKey: programmesQuery.queryKey }) });
}

export function useCreateProgramme() {
  return useChange((fields: ProgrammeChange & { label: string }) => apiPost<Programme>('ffmpeg/programme/create', fields));
}

export function useUpdateProgramme() {
  return useChange((change: { id: string } & ProgrammeChange) => apiPost<Programme>('ffmpeg/programme/update', change));
}

export function useRemoveProgramme() {
  return useChange((id: string) => apiPost('ffmpeg/programme/remove', { id }));
}

/** Put a source (`app/stream`) or `slate` on air; held, it stays whatever happens. */
export function useTake() {
  return useChange((take: { id: string; source: string; hold: boolean }) => apiPost<Programme>('ffmpeg/programme/take', take));
}

/** Back to the order of priorities. */
export function useRelease() {
  return useChange((id: string) => apiPost<Programme>('ffmpeg/programme/release', { id }));
}

export const slateFilesQuery = queryOptions({
  queryKey: ['ffmpeg', 'slate-files'],
  queryFn: ({ signal }) => apiPost<SlateFiles>('ffmpeg/slate/files', {}, signal),
});

/** How a slate will look, as the address of a picture of 640x360. */
export const slatePreviewQuery = (slate: Slate) =>
  queryOptions({
    queryKey: ['ffmpeg', 'slate-preview', slate],
    queryFn: async ({ signal }) => dataUrl(await draw(slate, signal)),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    placeholderData: keepPreviousData,
  });

async function draw(slate: Slate, signal: AbortSignal): Promise<Blob> {
  try {
    return await apiFile('ffmpeg/slate/preview', { slate, width: 640, height: 360 }, signal);
  } catch (error) {
    throw error instanceof ApiError ? new ApiError({ ...error, message: error.message, key: slateKey(error.key) }) : error;
  }
}

/** The file itself as an address: unlike one that only points at it, it need not be given back. */
async function dataUrl(file: Blob): Promise<string> {
  const bytes = Array.from(new Uint8Array(await file.arrayBuffer()), (byte) => String.fromCharCode(byte));
  return `data:${file.type};base64,${btoa(bytes.join(''))}`;
}

export function useUploadSlateFile() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ file, onProgress }: { file: File; onProgress: (sent: number) => void }) =>
      apiUpload<SlateFile>(`ffmpeg/slate/upload?name=${encodeURIComponent(file.name)}`, file, onProgress),
    onSettled: () => queries.invalidateQueries({ queryKey: slateFilesQuery.queryKey }),
  });
}

export function useRemoveSlateFile() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => apiPost('ffmpeg/slate/remove', { id }),
    onSettled: () => queries.invalidateQueries({ queryKey: slateFilesQuery.queryKey }),
  });
}
