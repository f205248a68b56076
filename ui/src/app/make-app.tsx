import type { RouterHistory } from '@tanstack/react-router';
import { onSignedOut } from '../lib/api-client';
import { sessionQuery } from '../lib/queries';
import { App } from './app';
import { makeQueryClient } from './query-client';
import { makeRouter } from './router';

/** Put the parts of the admin page together. `history` is given by tests; else it is the browser's. */
export function makeApp(history?: RouterHistory) {
  const queries = makeQueryClient();
  const router = makeRouter(queries, history);
  onSignedOut(() => {
    queries.setQueryData(sessionQuery.queryKey, false);
    void router.navigate({ to: '/sign-in', search: { ended: true } });
  });
  return { app: <App queries={queries} router={router} />, router };
}
