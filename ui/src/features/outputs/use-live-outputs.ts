import { useQuery } from '@tanstack/react-query';
import { useFfmpegFeed } from '../../lib/ffmpeg-feed';
import { outputsQuery } from '../../lib/ffmpeg-queries';
import type { Output } from '../../lib/ffmpeg-types';

/** Every output in its newest state and the operator's order, with the query they came by. */
export function useLiveOutputs() {
  const query = useQuery(outputsQuery);
  const live = useFfmpegFeed().outputs;
  return { query, outputs: query.data && newest(query.data.outputs, live) };
}

/** The connection knows all of them, and sooner than any list; before its first word the list is what there is. */
export function newest(listed: Output[], live: ReadonlyMap<string, Output> | null): Output[] {
  return (live ? [...live.values()] : listed).toSorted((a, b) => a.order - b.order || a.created_ms - b.created_ms);
}
