import { useQuery } from '@tanstack/react-query';
import { knownStreamsQuery, type StreamRef } from '../../lib/queries';
import { useLive } from '../../lib/use-live';
import type { StreamRow } from './stream-rows';

/** What is known of one stream; `settled` once both the list and the live connection have spoken. */
export function useStreamRow({ app, stream }: StreamRef): { row: StreamRow; settled: boolean; error: unknown; retry: () => void } {
  const known = useQuery(knownStreamsQuery);
  const { streams } = useLive();
  const url = `${app}/${stream}`;
  return {
    row: {
      url,
      app,
      stream,
      known: known.data?.find((one) => one.url === url) ?? null,
      live: streams?.find((one) => one.url === url) ?? null,
    },
    settled: known.data !== undefined && streams !== null,
    error: known.error,
    retry: () => void known.refetch(),
  };
}
