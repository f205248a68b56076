import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { Demo, PublishSecret } from '../../../lib/api-types';

export const publishSecretQuery = queryOptions({
  queryKey: ['publish-secret'],
  queryFn: async ({ signal }) => (await apiPost<PublishSecret>('hooks/srs/secret/query', {}, signal)).publish,
  staleTime: 30_000,
});

/** Replace the key by a new random one of 128 bits. */
export function useRotateKey() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      const secret = randomSecret();
      await apiPost('hooks/srs/secret/update', { secret });
      return secret;
    },
    onSuccess: (secret) => queries.setQueryData(publishSecretQuery.queryKey, secret),
  });
}

function randomSecret(): string {
  // crypto.randomUUID is missing on plain http; this is not.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const demoQuery = queryOptions({
  queryKey: ['demo'],
  queryFn: ({ signal }) => apiPost<Demo>('ffmpeg/demo/query', {}, signal),
  // Its state moves by itself, and live events do not carry it.
  refetchInterval: 5_000,
});

export function useDemo() {
  const queries = useQueryClient();
  const demo = useQuery(demoQuery);
  const change = useMutation({
    mutationFn: (enabled: boolean) => apiPost<Demo>('ffmpeg/demo/update', { enabled }),
    onSuccess: (next) => queries.setQueryData(demoQuery.queryKey, next),
  });
  return { demo, change };
}
