import { useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { PublishRules } from '../../../lib/api-types';
import { publishRulesQuery } from '../../../lib/queries';

export function useUpdatePublishRules() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (changes: Partial<PublishRules>) => apiPost<PublishRules>('hooks/publish/rules/update', changes),
    onSuccess: (rules) => queries.setQueryData(publishRulesQuery.queryKey, rules),
  });
}
