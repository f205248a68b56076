import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { backupsQuery } from '../../../features/backup/api/use-backup';
import { BackupsCard } from '../../../features/backup/components/backups-card';
import { ConfigurationCard } from '../../../features/backup/components/configuration-card';
import { MoveCard } from '../../../features/backup/components/move-card';
import { ScheduleCard } from '../../../features/backup/components/schedule-card';
import type { Backups } from '../../../lib/house-types';
import { formatRelative } from '../../../lib/relative-time';
import { useServerNow } from '../../../lib/use-server-now';
import { useTitle } from '../../use-title';
import { SystemTabs } from './system-tabs';

const MINUTE_MS = 60_000;

/** What if this machine dies? */
export function BackupPage() {
  const { t, i18n } = useTranslation();
  useTitle(t('systemTabs.backup'));
  const { data } = useQuery(backupsQuery);
  const now = useServerNow(MINUTE_MS);
  return (
    <>
      <PageHead title={t('nav.system')} state={data ? summary(data, now, i18n.language, t) : ''} />
      <SystemTabs />
      <Stack gap={12}>
        <BackupsCard />
        <ScheduleCard bucket={data?.bucket ?? false} />
        <MoveCard />
        <ConfigurationCard />
      </Stack>
    </>
  );
}

function summary({ backups }: Backups, now: number, language: string, t: TFunction): string {
  const [newest] = backups;
  return newest ? t('backup.summary.last', { time: formatRelative(Math.min(newest.at_ms, now), now, language) }) : t('backup.summary.none');
}
