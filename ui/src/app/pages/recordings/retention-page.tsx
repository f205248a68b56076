import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { Loaded } from '../../../components/loaded';
import { PageHead } from '../../../components/page-head';
import { DiskMeter } from '../../../features/retention/components/disk-meter';
import { RetentionForm } from '../../../features/retention/components/retention-form';
import { StreamRetention } from '../../../features/retention/components/stream-retention';
import { retentionQuery } from '../../../lib/recording-queries';
import { useTitle } from '../../use-title';
import { RecordingsTabs } from '../recordings-tabs';
import classes from './settings-page.module.css';

/** How long do recordings stay, and how full is the disk? */
export function RetentionPage() {
  const { t } = useTranslation();
  useTitle(t('retention.title'));
  const retention = useQuery(retentionQuery);
  return (
    <>
      <PageHead title={t('nav.recordings')} state={t('retention.intro')} />
      <RecordingsTabs />
      <div className={classes.columns}>
        <Stack gap={12}>
          <Card title={t('retention.rules')}>
            <Loaded query={retention} rows={6}>
              {(saved) => <RetentionForm saved={saved} />}
            </Loaded>
          </Card>
          <StreamRetention />
        </Stack>
        <div className={classes.first}>
          <DiskMeter />
        </div>
      </div>
    </>
  );
}
