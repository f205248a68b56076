import { Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { LastRunCard } from '../../../features/upgrade/components/last-run-card';
import { SourceCard } from '../../../features/upgrade/components/source-card';
import { VersionCard } from '../../../features/upgrade/components/version-card';
import { WhenCard } from '../../../features/upgrade/components/when-card';
import { useUpgradeState } from '../../../features/upgrade/use-upgrade-state';
import { useTitle } from '../../use-title';
import { SystemTabs } from './system-tabs';

/** Is there something newer, and how does it come? */
export function UpgradePage() {
  const { t } = useTranslation();
  useTitle(t('systemTabs.upgrade'));
  const state = useUpgradeState();
  const { status, run, last } = state;
  return (
    <>
      <PageHead title={t('nav.system')} state={run ? t('upgrade.state.running') : status ? t('upgrade.state.version', { version: status.version }) : ''} />
      <SystemTabs />
      <Stack gap={12}>
        <VersionCard state={state} />
        {last && !run && <LastRunCard run={last} />}
        {!status?.in_image && <WhenCard strategy={status?.strategy} />}
        <SourceCard />
      </Stack>
    </>
  );
}
