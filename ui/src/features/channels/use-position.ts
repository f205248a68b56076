import { useState } from 'react';
import { useFfmpegFeed } from '../../lib/ffmpeg-feed';
import type { Channel } from '../../lib/ffmpeg-types';
import { useNow } from '../../lib/use-now';

/** How far the item that plays is, ms, carried on between two words of the server; null when none plays. */
export function usePosition({ now, state }: Channel): number | null {
  const clock = useNow();
  const { heardAt } = useFfmpegFeed();
  const [told, setTold] = useState({ now, at: heardAt ?? clock });
  if (told.now !== now) setTold({ now, at: heardAt ?? clock });
  if (!now) return null;
  return now.position_ms + (state === 'live' ? Math.max(0, clock - told.at) : 0);
}
