import { Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { AboutCard } from '../../../features/services/components/about-card';
import { ServicesCard } from '../../../features/services/components/services-card';
import { useLive } from '../../../lib/use-live';
import { useTitle } from '../../use-title';
import { SystemTabs } from './system-tabs';

/** Does the machinery run, and what is it? */
export function SystemPage() {
  const { t } = useTranslation();
  const { services } = useLive();
  // What is switched off is so on purpose.
  const used = services?.filter(({ state }) => state !== 'off');
  useTitle(t('nav.system'));
  const troubled = used?.filter((service) => service.state !== 'running') ?? [];
  const state = !used
    ? ''
    : troubled.length === 0
      ? t('system.allRunning', { count: used.length })
      : t('system.troubled', { names: troubled.map((service) => service.name).join(', ') });
  return (
    <>
      <PageHead title={t('nav.system')} state={state} />
      <SystemTabs />
      <Stack gap={12}>
        <ServicesCard />
        <AboutCard />
      </Stack>
    </>
  );
}
