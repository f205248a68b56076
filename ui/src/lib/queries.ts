import { queryOptions } from '@tanstack/react-query';
import { apiGet, apiPost, apiProbe } from './api-client';
import { asApiError } from './api-error';
import type { Envs, InitState, KnownStreams, PlayRule, PublishRules, Store, SystemStatus } from './api-types';

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

/** Streams the operator has added, by url. */
export const knownStreamsQuery = queryOptions({
  queryKey: ['known-streams'],
  queryFn: async ({ signal }) => (await apiPost<KnownStreams>('hooks/streams/list', {}, signal)).streams,
  staleTime: 10_000,
});

export const publishRulesQuery = queryOptions({
  queryKey: ['publish-rules'],
  queryFn: ({ signal }) => apiPost<PublishRules>('hooks/publish/rules/query', {}, signal),
});

/** One stream by its name. */
export interface StreamRef {
  app: string;
  stream: string;
}

/** Who may watch a stream; without one, the rule that streams have by default. */
export const playRuleQuery = (of: StreamRef | null) =>
  queryOptions({
    queryKey: ['play-rule', of?.app ?? '', of?.stream ?? ''],
    queryFn: ({ signal }) => apiPost<PlayRule>('hooks/play/rule/query', of ?? {}, signal),
  });

export const STORE_ASKED_MS = 15_000;

/** Has Redis the data of this installation? */
export const storeQuery = queryOptions({
  queryKey: ['store'],
  queryFn: ({ signal }) => apiPost<Store>('hooks/store/query', {}, signal),
  refetchInterval: STORE_ASKED_MS,
});
