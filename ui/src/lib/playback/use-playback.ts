import { useEffect, useState, type RefObject } from 'react';
import { useDocumentVisible } from '../use-document-visible';
import { startPlayback } from './playback';
import type { PlaybackSource, PlaybackState } from './types';

/** Play `source` while the tab can be seen: a hidden preview costs traffic and a connection. */
export function usePlayback(video: RefObject<HTMLVideoElement | null>, { flv, hls }: PlaybackSource): PlaybackState {
  const [state, setState] = useState<PlaybackState>({ phase: 'connecting', method: 'flv' });
  const visible = useDocumentVisible();

  useEffect(() => {
    if (!video.current || !visible) return;
    return startPlayback(video.current, { flv, hls }, { onState: setState });
  }, [video, visible, flv, hls]);

  return state;
}
