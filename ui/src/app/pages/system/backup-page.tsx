import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { useTitle } from '../../use-title';
import { SystemTabs } from './system-tabs';

/** What if this machine dies? */
export function BackupPage() {
  const { t } = useTranslation();
  useTitle(t('systemTabs.backup'));
  return (
    <>
      <PageHead title={t('nav.system')} />
      <SystemTabs />
    </>
  );
}
