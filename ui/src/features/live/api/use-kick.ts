import { useMutation } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { Stream } from '../../../lib/api-types';

/** End a stream. It vanishes from the list with the next live event. */
export function useKick() {
  return useMutation({
    mutationFn: ({ vhost, app, stream }: Stream) => apiPost('mgmt/streams/kickoff', { vhost, app, stream }),
  });
}
