import { useMutation } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { PlayTest } from '../../../lib/api-types';
import type { StreamRef } from '../../../lib/queries';
import { asTestInput } from '../test-input';

/** Ask whether a viewer with this link or pass would be let in. */
export function usePlayTest({ app, stream }: StreamRef) {
  return useMutation({
    mutationFn: (typed: string) => apiPost<PlayTest>('hooks/play/test', { app, stream, ...asTestInput(typed) }),
  });
}
