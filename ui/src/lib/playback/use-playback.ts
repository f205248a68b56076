import { useEffect, useState, type RefObject } from 'react';
import { useDocumentVisible } from '../use-document-visible';
import type { PlaybackSource } from '../stream-urls';
import { startPlayback } from './playback';
import type { PlaybackState } from './types';

/**
 * Play `source` while the tab can be seen: a hidden preview costs traffic and a connection.
 * Null: it is not known yet.
 */
export function usePlayback(video: RefObject<HTMLVideoElement | null>, source: PlaybackSource | null): PlaybackState {
  const [state, setState] = useState<PlaybackState>({ phase: 'connecting', method: 'flv' });
  const { flv, hls, whep } = source ?? {};
  const visible = useDocumentVisible();

  useEffect(() => {
    if (!video.current || !visible || !flv || !hls || !whep) return;
    return startPlayback(video.current, { flv, hls, whep }, { onState: setState });
  }, [video, visible, flv, hls, whep]);

  return state;
}
