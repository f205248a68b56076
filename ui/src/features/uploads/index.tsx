import { lazy, Suspense } from 'react';
import { withWords } from '../../lib/i18n';

const Panel = lazy(() => withWords('storage', () => import('./components/upload-panel')).then((module) => ({ default: module.UploadPanel })));

/** Send own files into the library; with its code and words fetched when it is shown. */
export function UploadPanel() {
  return (
    <Suspense>
      <Panel />
    </Suspense>
  );
}
