import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { Loaded } from '../../../components/loaded';
import { Notice } from '../../../components/notice';
import { formatBytes } from '../../../lib/format';
import type { Backup } from '../../../lib/house-types';
import { isAwayExpected } from '../../../lib/planned-away';
import { useNow } from '../../../lib/use-now';
import { backupsQuery } from '../api/use-backup';
import { BackupJobView } from './backup-job';
import { BackupsTable, type BackupTask } from './backups-table';

const CreateModal = lazy(() => import('./create-modal').then((module) => ({ default: module.CreateModal })));
const RestoreModal = lazy(() => import('./restore-modal').then((module) => ({ default: module.RestoreModal })));
const RemoveModal = lazy(() => import('./remove-modal').then((module) => ({ default: module.RemoveModal })));

/** Every backup, what is being done, and what can be done with each. */
export function BackupsCard() {
  const { t } = useTranslation();
  const query = useQuery(backupsQuery);
  const now = useNow();
  const [creating, setCreating] = useState(false);
  const [task, setTask] = useState<{ name: BackupTask; backup: Backup } | null>(null);
  const done = () => setTask(null);
  // While a backup is put back every service restarts, the one that answers here too.
  const away = query.error !== null && isAwayExpected(now);
  const create = (
    <Button leftSection={<Icon name="plus" size={16} />} disabled={query.data?.running != null} onClick={() => setCreating(true)}>
      {t('backup.create.open')}
    </Button>
  );
  return (
    <Card title={t('backup.title')} aside={(query.data?.backups.length ?? 0) > 0 && create}>
      {away && (
        <div style={{ marginBottom: 12 }}>
          <Notice tone="idle" role="status" title={t('backup.restore.awayTitle')}>
            {t('backup.restore.awayText')}
          </Notice>
        </div>
      )}
      {!away && query.error && query.data && (
        <div style={{ marginBottom: 12 }}>
          <HelpfulError error={query.error} onRetry={() => void query.refetch()} />
        </div>
      )}
      <Loaded query={query.data ? { ...query, error: null } as typeof query : query}>
        {({ backups, running, last, free_bytes, bucket_problem }) => (
          <>
            {(running ?? last) && <BackupJobView job={(running ?? last) as NonNullable<typeof last>} />}
            {bucket_problem && (
              <div style={{ marginBottom: 12 }}>
                <Notice tone="warn" title={t('backup.bucketAway')}>
                  {bucket_problem}
                </Notice>
              </div>
            )}
            {backups.length === 0 ? (
              <EmptyState icon="layers" title={t('backup.empty.title')} text={t('backup.empty.text')} action={create} />
            ) : (
              <>
                <BackupsTable backups={backups} busy={running !== null} onTask={(name, backup) => setTask({ name, backup })} />
                <p style={{ margin: '12px 0 0', color: 'var(--ss-dim)', fontSize: 12 }}>{t('backup.free', { size: formatBytes(free_bytes) })}</p>
              </>
            )}
          </>
        )}
      </Loaded>
      <Suspense>
        {creating && query.data && <CreateModal bucket={query.data.bucket} onClose={() => setCreating(false)} />}
        {task?.name === 'restore' && <RestoreModal backup={task.backup} onClose={done} />}
        {task?.name === 'remove' && <RemoveModal backup={task.backup} onClose={done} />}
      </Suspense>
    </Card>
  );
}
