import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useFfmpegFeed } from '../../lib/ffmpeg-feed';
import type { Transcode, Transcodes } from '../../lib/ffmpeg-types';
import { transcodesQuery } from './api/use-transcode';

/** Every ladder, as new as it is known: the live connection is ahead of any list. */
export function useLiveTranscodes(): { query: UseQueryResult<Transcodes>; transcodes: Transcode[] | null } {
  const query = useQuery(transcodesQuery);
  const feed = useFfmpegFeed();
  const told = feed.connection === 'open' ? feed.transcodes : null;
  return { query, transcodes: told ? [...told.values()] : (query.data?.transcodes ?? null) };
}
