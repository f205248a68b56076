import { infiniteQueryOptions, keepPreviousData } from '@tanstack/react-query';
import { apiPost } from '../../../lib/api-client';
import type { AuditPage } from '../../../lib/monitor-types';

const PAGE = 50;

/** Newest first, page by page; `who` and `what` are parts of the texts. */
export function auditQuery(who: string, what: string) {
  return infiniteQueryOptions({
    queryKey: ['audit', who, what],
    queryFn: ({ pageParam, signal }) => apiPost<AuditPage>('mgmt/audit/query', { limit: PAGE, who, what, before: pageParam }, signal),
    initialPageParam: '',
    getNextPageParam: (page) => page.older || undefined,
    placeholderData: keepPreviousData,
  });
}
