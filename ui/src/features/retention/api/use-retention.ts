import { useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import { retentionQuery } from '../../../lib/recording-queries';
import type { Retention } from '../../../lib/recording-types';

export function useUpdateRetention() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (changes: Partial<Retention>) => apiPost<Retention>('recordings/retention/update', changes),
    onSuccess: (retention) => {
      queries.setQueryData(retentionQuery.queryKey, retention);
      // Levels of the disk may be others now.
      void queries.invalidateQueries({ queryKey: ['disk'] });
    },
  });
}
