import { queryOptions } from '@tanstack/react-query';
import { apiGet } from './api-client';
import type { Beian } from './house-types';

/** Name of the site and numbers of its filings; without a session too. */
export const footQuery = queryOptions({
  queryKey: ['foot'],
  queryFn: ({ signal }) => apiGet<Beian>('mgmt/beian/query', signal),
  staleTime: 5 * 60_000,
  retry: false,
});
