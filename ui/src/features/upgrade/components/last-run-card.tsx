import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import type { UpgradeRun } from '../../../lib/house-types';
import { RunView } from './run-view';

/** How the last upgrade went. */
export function LastRunCard({ run }: { run: UpgradeRun }) {
  const { t } = useTranslation();
  return (
    <Card title={t('upgrade.last')}>
      <RunView run={run} />
    </Card>
  );
}
