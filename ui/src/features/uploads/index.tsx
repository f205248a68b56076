import { lazy, Suspense } from 'react';
import { withWords } from '../../lib/i18n';
import type { UploadPanelProps } from './components/upload-panel';

const Panel = lazy(() => withWords('storage', () => import('./components/upload-panel')).then((module) => ({ default: module.UploadPanel })));

/** Send own files to the server; with its code and words fetched when it is shown. */
export function UploadPanel(props: UploadPanelProps) {
  return (
    <Suspense>
      <Panel {...props} />
    </Suspense>
  );
}
