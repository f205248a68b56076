import { Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { BundleCard } from '../../../features/logs/components/bundle-card';
import { LogsCard } from '../../../features/logs/components/logs-card';
import { useTitle } from '../../use-title';
import { SystemTabs } from './system-tabs';

/** What do the services say? */
export function LogsPage() {
  const { t } = useTranslation();
  useTitle(t('systemTabs.logs'));
  return (
    <>
      <PageHead title={t('nav.system')} state={t('logs.intro')} />
      <SystemTabs />
      <Stack gap={12}>
        <LogsCard />
        <BundleCard />
      </Stack>
    </>
  );
}
