import { queryOptions } from '@tanstack/react-query';
import { apiGet, apiPost, apiProbe } from './api-client';
import { asApiError } from './api-error';
import type { Envs, InitState, SystemStatus } from './api-types';

/** Is a password set yet? */
export const initQuery = queryOptions({
  queryKey: ['init'],
  queryFn: ({ signal }) => apiGet<InitState>('mgmt/init', signal),
  staleTime: 5_000,
});

/** Ports, media server and what it can do: changes only with a restart. */
export const envsQuery = queryOptions({
  queryKey: ['envs'],
  queryFn: ({ signal }) => apiGet<Envs>('mgmt/envs', signal),
  staleTime: 60_000,
});

/** Is there a valid session? */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({ signal }) => {
    try {
      await apiProbe('mgmt/streams/query', {}, signal);
    } catch (error) {
      const { status } = asApiError(error);
      if (status === 401) return false;
      // The server is there but something else is wrong: the page itself will say what.
      if (status === 0) throw error;
    }
    return true;
  },
  staleTime: 30_000,
  retry: false,
});

export const statusQuery = queryOptions({
  queryKey: ['status'],
  queryFn: ({ signal }) => apiPost<SystemStatus>('mgmt/status', {}, signal),
  staleTime: 10_000,
});
