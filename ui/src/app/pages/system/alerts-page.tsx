import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { useTitle } from '../../use-title';
import { SystemTabs } from './system-tabs';

/** What is wrong, and who is told? */
export function AlertsPage() {
  const { t } = useTranslation();
  useTitle(t('systemTabs.alerts'));
  return (
    <>
      <PageHead title={t('nav.system')} />
      <SystemTabs />
    </>
  );
}
