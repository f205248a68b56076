import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { isBusy, UploadQueue, type OwnUpload } from './upload-queue';

/** What files are sent for: the library, or channels that play them. */
export type UploadPurpose = 'library' | 'vlive';

type Listener = (upload: OwnUpload) => void;

const listeners: Record<UploadPurpose, Set<Listener>> = { library: new Set(), vlive: new Set() };
const QUEUES: Record<UploadPurpose, UploadQueue> = { library: queueFor('library'), vlive: queueFor('vlive', { purpose: 'vlive' }) };

function queueFor(purpose: UploadPurpose, metadata?: Record<string, string>): UploadQueue {
  return new UploadQueue(
    () => import('tus-js-client'),
    (upload) => {
      for (const listener of listeners[purpose]) listener(upload);
    },
    metadata,
  );
}

/** The files on their way from this browser for one purpose, and what can be done with them. */
export function useOwnUploads(purpose: UploadPurpose): { uploads: OwnUpload[]; queue: UploadQueue } {
  const queries = useQueryClient();
  const queue = QUEUES[purpose];
  const uploads = useSyncExternalStore(queue.subscribe, queue.read);
  useEffect(() => {
    const listener = () => {
      void queries.invalidateQueries({ queryKey: [purpose === 'library' ? 'recordings' : 'server-files'] });
      void queries.invalidateQueries({ queryKey: ['own-uploads'] });
    };
    listeners[purpose].add(listener);
    return () => void listeners[purpose].delete(listener);
  }, [queries, purpose]);
  return { uploads, queue };
}

/** Be told of each file that arrives while the caller is on the screen. */
export function useArrivals(purpose: UploadPurpose, onArrived: Listener): void {
  useEffect(() => {
    listeners[purpose].add(onArrived);
    return () => void listeners[purpose].delete(onArrived);
  }, [purpose, onArrived]);
}

function askBeforeLeaving(event: BeforeUnloadEvent): void {
  if (Object.values(QUEUES).some((queue) => isBusy(queue.read()))) event.preventDefault();
}

// For as long as the page lives, as the queues do.
addEventListener('beforeunload', askBeforeLeaving);
