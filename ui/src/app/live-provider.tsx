import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import { reportSignedOut } from '../lib/api-client';
import { LiveLink } from '../lib/live-link';
import { sessionQuery } from '../lib/queries';
import { LiveContext } from '../lib/use-live';

/** Holds the live connection while what is inside is on the screen. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [link] = useState(
    () =>
      new LiveLink(() => {
        // EventSource hides the status of a refusal; a plain call tells whether the session ended.
        void queries.fetchQuery({ ...sessionQuery, staleTime: 0 }).then(
          (signedIn) => {
            if (!signedIn) reportSignedOut();
          },
          () => undefined,
        );
      }),
  );
  useEffect(() => {
    link.start();
    return () => link.stop();
  }, [link]);
  return <LiveContext value={link}>{children}</LiveContext>;
}
