import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { useTitle } from '../../use-title';
import { SystemTabs } from './system-tabs';

/** How does the house show itself? */
export function SettingsPage() {
  const { t } = useTranslation();
  useTitle(t('systemTabs.settings'));
  return (
    <>
      <PageHead title={t('nav.system')} />
      <SystemTabs />
    </>
  );
}
