import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { isBusy, UploadQueue, type OwnUpload } from './upload-queue';

const listeners = new Set<() => void>();
const queue = new UploadQueue(
  () => import('tus-js-client'),
  () => {
    for (const listener of listeners) listener();
  },
);

/** The files on their way from this browser, and what can be done with them. */
export function useOwnUploads(): { uploads: OwnUpload[]; queue: UploadQueue } {
  const queries = useQueryClient();
  const uploads = useSyncExternalStore(queue.subscribe, queue.read);
  useEffect(() => {
    const listener = () => {
      void queries.invalidateQueries({ queryKey: ['recordings'] });
      void queries.invalidateQueries({ queryKey: ['own-uploads'] });
    };
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, [queries]);
  return { uploads, queue };
}

function askBeforeLeaving(event: BeforeUnloadEvent): void {
  if (isBusy(queue.read())) event.preventDefault();
}

// For as long as the page lives, as the queue does.
addEventListener('beforeunload', askBeforeLeaving);
