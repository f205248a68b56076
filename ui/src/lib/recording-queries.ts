import { queryOptions } from '@tanstack/react-query';
import { apiPost } from './api-client';
import type { Disk, Retention, StorageTargets } from './recording-types';

// A service that just started may have no live events yet; asked now and then all the same.
const REFRESH_MS = 15_000;

/** The buckets that recordings go to, and what is known of providers. */
export const storageTargetsQuery = queryOptions({
  queryKey: ['storage', 'targets'],
  queryFn: ({ signal }) => apiPost<StorageTargets>('storage/targets/list', {}, signal),
  refetchInterval: REFRESH_MS,
});

/** How full the disk is, and what is stopped because of it. */
export const diskQuery = queryOptions({
  queryKey: ['disk'],
  queryFn: ({ signal }) => apiPost<Disk>('recordings/disk', {}, signal),
  refetchInterval: REFRESH_MS,
});

export const retentionQuery = queryOptions({
  queryKey: ['retention'],
  queryFn: ({ signal }) => apiPost<Retention>('recordings/retention/query', {}, signal),
});
