import { Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { DoctorCard } from '../../../features/settings/components/doctor-card';
import { FootCard } from '../../../features/settings/components/foot-card';
import { FrontCards } from '../../../features/settings/components/front-cards';
import { SshKeyCard } from '../../../features/settings/components/ssh-key-card';
import { useTitle } from '../../use-title';
import { SystemTabs } from './system-tabs';

/** How does the house show itself? */
export function SettingsPage() {
  const { t } = useTranslation();
  useTitle(t('systemTabs.settings'));
  return (
    <>
      <PageHead title={t('nav.system')} state={t('settings.intro')} />
      <SystemTabs />
      <Stack gap={12}>
        <DoctorCard />
        <FrontCards />
        <FootCard />
        <SshKeyCard />
      </Stack>
    </>
  );
}
