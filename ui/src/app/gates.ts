import type { QueryClient } from '@tanstack/react-query';
import { redirect } from '@tanstack/react-router';
import { initQuery, sessionQuery } from '../lib/queries';

/** Let in only with a password set and a session; else to where that is put right. */
export async function needSession(queries: QueryClient): Promise<void> {
  const { init } = await queries.ensureQueryData({ ...initQuery, revalidateIfStale: true });
  // The fragment of a printed address must survive.
  if (!init) throw redirect({ to: '/setup', hash: true });
  if (!(await queries.ensureQueryData(sessionQuery))) throw redirect({ to: '/sign-in' });
}

/** Let in only while no password is set. */
export async function needNoPassword(queries: QueryClient): Promise<void> {
  const { init } = await queries.fetchQuery(initQuery);
  if (init) throw redirect({ to: '/sign-in' });
}

/** Let in only with a password set and no session. */
export async function needNoSession(queries: QueryClient): Promise<void> {
  const { init } = await queries.fetchQuery(initQuery);
  if (!init) throw redirect({ to: '/setup', hash: true });
  if (await queries.ensureQueryData(sessionQuery)) throw redirect({ to: '/' });
}
