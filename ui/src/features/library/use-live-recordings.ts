import { useEffect, useRef } from 'react';
import type { Recording } from '../../lib/recording-types';
import { useRecordingsFeed } from '../../lib/recordings-feed';
import { useRefreshLibrary } from './api/use-library';

/** Recordings of a list in their newest state, without what is gone; asks for the list again when there are new ones. */
export function useLiveRecordings(listed: Recording[]): Recording[] {
  const { connection, recordings, removed } = useRecordingsFeed();
  const refresh = useRefreshLibrary();
  const told = useRef(new Set<string>());
  const wasLost = useRef(false);

  useEffect(() => {
    const known = new Set(listed.map(({ id }) => id));
    // Once each: what a filter leaves out never comes into the list.
    const fresh = [...recordings.keys()].filter((id) => !known.has(id) && !told.current.has(id));
    for (const id of fresh) told.current.add(id);
    const back = connection === 'open' && wasLost.current;
    wasLost.current = connection === 'lost';
    if (fresh.length > 0 || back) void refresh();
  });

  const newest = connection === 'open' ? listed.map((one) => recordings.get(one.id) ?? one) : listed;
  return newest.filter(({ id, state, problem }) => !removed.has(id) && (state !== 'deleting' || problem !== null));
}

/** One recording in its newest state. */
export function useLiveRecording(asked: Recording): Recording {
  const { connection, recordings } = useRecordingsFeed();
  return (connection === 'open' ? recordings.get(asked.id) : undefined) ?? asked;
}

/** How fast a recording goes up, once known. */
export function useUploadOf(id: string) {
  return useRecordingsFeed().uploads?.get(id);
}
