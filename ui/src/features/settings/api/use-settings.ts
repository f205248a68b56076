import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import { footQuery } from '../../../lib/foot';
import type { Beian, DoctorReport } from '../../../lib/house-types';
import { useFrontCall } from '../../../lib/use-front';

export function useHomepage() {
  return useFrontCall((homepage: string) => apiPost('mgmt/nginx/homepage', { homepage }));
}

/** An empty `backend` removes the entry. */
export function useProxy() {
  return useFrontCall((entry: { location: string; backend: string }) => apiPost('mgmt/nginx/proxy', entry));
}

export interface HlsChange {
  name: 'hls' | 'noHlsCtx' | 'hlsLowLatency';
  on: boolean;
  /** Though somebody is live. */
  now?: boolean;
}

const HLS_CALLS = {
  hls: ({ on }: HlsChange) => apiPost('mgmt/nginx/hls', { enabled: on }),
  noHlsCtx: ({ on, now }: HlsChange) => apiPost('mgmt/hphls/update', { noHlsCtx: on, ...(now && { now }) }),
  hlsLowLatency: ({ on, now }: HlsChange) => apiPost('mgmt/hlsll/update', { hlsLowLatency: on, ...(now && { now }) }),
};

export function useHlsSwitch() {
  return useFrontCall((change: HlsChange) => HLS_CALLS[change.name](change));
}

/** Each changed entry is a call of its own. */
export function useUpdateFoot() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (changes: Record<string, string>) => {
      for (const [beian, text] of Object.entries(changes)) await apiPost<Beian>('mgmt/beian/update', { beian, text });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: footQuery.queryKey }),
  });
}

export function usePubkey() {
  return useMutation({ mutationFn: (change: { enabled: boolean; key: string; password: string }) => apiPost<{ fingerprints: string[] }>('mgmt/pubkey', change) });
}

/** Looking takes seconds: done when somebody asks, and kept until they ask again. */
export const doctorQuery = queryOptions({
  queryKey: ['doctor'],
  queryFn: ({ signal }) => apiPost<DoctorReport>('mgmt/doctor/run', {}, signal),
  staleTime: Infinity,
  refetchOnWindowFocus: false,
  retry: false,
});
