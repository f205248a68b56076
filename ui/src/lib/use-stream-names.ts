import { useQuery } from '@tanstack/react-query';
import { knownStreamsQuery } from './queries';
import { useLive } from './use-live';

/** Streams as `app/stream`; what is live is not among the known a second time. */
export function useStreamNames(): { live: string[]; known: string[] } {
  const live = [...new Set((useLive().streams ?? []).map(({ app, stream }) => `${app}/${stream}`))];
  const known = (useQuery(knownStreamsQuery).data ?? []).map(({ app, stream }) => `${app}/${stream}`);
  return { live, known: known.filter((one) => !live.includes(one)) };
}
