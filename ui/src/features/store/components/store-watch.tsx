import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { withWords } from '../../../lib/i18n';
import { storeQuery } from '../../../lib/queries';

const EmptiedBanner = lazy(() =>
  withWords('streams', () => import('./emptied-banner')).then((module) => ({ default: module.EmptiedBanner })),
);

/** Looks whether Redis still has the data of this installation, and says so everywhere when not. */
export function StoreWatch() {
  const { data } = useQuery(storeQuery);
  return data?.state === 'emptied' ? (
    <Suspense>
      <EmptiedBanner />
    </Suspense>
  ) : null;
}
