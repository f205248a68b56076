import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { useTitle } from '../../use-title';
import { SystemTabs } from './system-tabs';

/** What do the services say? */
export function LogsPage() {
  const { t } = useTranslation();
  useTitle(t('systemTabs.logs'));
  return (
    <>
      <PageHead title={t('nav.system')} />
      <SystemTabs />
    </>
  );
}
