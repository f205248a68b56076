import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { summaryQuery } from '../../../features/library/api/use-library';
import { Library } from '../../../features/library/components/library';
import { UploadPanel } from '../../../features/uploads';
import { formatBytes } from '../../../lib/format';
import type { LibrarySummary } from '../../../lib/recording-types';
import { useTitle } from '../../use-title';
import { RecordingsTabs } from '../recordings-tabs';

/** What was kept, where is it, who may see it? */
export function LibraryPage() {
  const { t } = useTranslation();
  useTitle(t('nav.recordings'));
  const summary = useQuery(summaryQuery).data;
  const search = useSearch({ from: '/shell/recordings' });
  const navigate = useNavigate({ from: '/recordings' });
  return (
    <>
      <PageHead title={t('nav.recordings')} state={summary ? sentence(summary, t) : t('recordings.intro')} />
      <RecordingsTabs />
      <div style={{ display: 'grid', gap: 12 }}>
        <UploadPanel />
        <Library search={search} onSearch={(next) => void navigate({ search: next, replace: true, resetScroll: false })} />
      </div>
    </>
  );
}

function sentence({ count, local_bytes, recording, uploading, failed }: LibrarySummary, t: TFunction): string {
  if (count === 0) return t('recordings.intro');
  return [
    t('recordings.summary.count', { count }),
    t('recordings.summary.local', { size: formatBytes(local_bytes) }),
    ...(recording > 0 ? [t('recordings.summary.recording', { count: recording })] : []),
    ...(uploading > 0 ? [t('recordings.summary.uploading', { count: uploading })] : []),
    ...(failed > 0 ? [t('recordings.summary.failed', { count: failed })] : []),
  ].join(' · ');
}
