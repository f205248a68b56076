import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { useTitle } from '../../use-title';
import { SystemTabs } from './system-tabs';

/** How busy is the machine, and how busy was it? */
export function MonitoringPage() {
  const { t } = useTranslation();
  useTitle(t('systemTabs.monitoring'));
  return (
    <>
      <PageHead title={t('nav.system')} />
      <SystemTabs />
    </>
  );
}
