import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { useTitle } from '../../use-title';
import { SystemTabs } from './system-tabs';

/** Is the connection safe, and until when? */
export function HttpsPage() {
  const { t } = useTranslation();
  useTitle(t('systemTabs.https'));
  return (
    <>
      <PageHead title={t('nav.system')} />
      <SystemTabs />
    </>
  );
}
