import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useFfmpegFeed } from '../../lib/ffmpeg-feed';
import type { Channel } from '../../lib/ffmpeg-types';
import { channelsQuery } from './api/use-channels';

/** Every channel of a kind, as new as it is known: the live connection is ahead of any list. */
export function useLiveChannels(kind: Channel['kind']): { query: UseQueryResult<Channel[]>; channels: Channel[] | null } {
  const query = useQuery(channelsQuery);
  const feed = useFfmpegFeed();
  const told = feed.connection === 'open' ? feed.channels : null;
  const all = told ? [...told.values()] : (query.data ?? null);
  return { query, channels: all && all.filter((one) => one.kind === kind) };
}
