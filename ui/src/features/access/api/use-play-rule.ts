import { useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { PlayRule, UpdateRule } from '../../../lib/api-types';
import { knownStreamsQuery, type StreamRef } from '../../../lib/queries';

export type RuleKind = UpdateRule['kind'];

/** An absent field stays as it is; an empty secret is removed. */
export type RuleChange = Omit<UpdateRule, 'app' | 'stream' | 'token'>;

/** Change who may watch a stream; without one, who may watch those that have no rule. */
export function useUpdateRule(of: StreamRef | null) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: RuleChange) =>
      apiPost<PlayRule>('hooks/play/rule/update', { ...(of && { app: of.app, stream: of.stream }), ...change }),
    onSuccess: async () => {
      // The default is a part of every rule that inherits it.
      await queries.invalidateQueries({ queryKey: ['play-rule'] });
      // A rule of its own adds the stream.
      if (of) await queries.invalidateQueries({ queryKey: knownStreamsQuery.queryKey });
    },
  });
}
