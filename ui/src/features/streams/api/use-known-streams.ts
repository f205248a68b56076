import { useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { KnownStream } from '../../../lib/api-types';
import { knownStreamsQuery, type StreamRef } from '../../../lib/queries';

type Texts = Partial<Pick<KnownStream, 'title' | 'description'>>;
type Changes = Texts & Partial<Pick<KnownStream, 'enabled' | 'own_keys_only' | 'max_kbps'>>;

export function useAddStream() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (stream: StreamRef & Texts) => apiPost<KnownStream>('hooks/streams/create', stream),
    onSuccess: () => queries.invalidateQueries({ queryKey: knownStreamsQuery.queryKey }),
  });
}

/** Change some fields of one stream; the list shows them at once. */
export function useUpdateStream() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (changes: StreamRef & Changes) => apiPost<KnownStream>('hooks/streams/update', changes),
    onSuccess: (changed) =>
      queries.setQueryData(knownStreamsQuery.queryKey, (all) => all?.map((one) => (one.url === changed.url ? changed : one))),
  });
}

/** Take a stream off the list, with its keys, passes and rule. */
export function useRemoveStream() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ app, stream }: StreamRef) => apiPost('hooks/streams/remove', { app, stream }),
    // Keys, passes and the rule of the stream went with it.
    onSuccess: () => queries.invalidateQueries(),
  });
}
