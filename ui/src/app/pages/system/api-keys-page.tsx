import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { useTitle } from '../../use-title';
import { SystemTabs } from './system-tabs';

/** Which programmes may call, and how much may they do? */
export function ApiKeysPage() {
  const { t } = useTranslation();
  useTitle(t('systemTabs.apiKeys'));
  return (
    <>
      <PageHead title={t('nav.system')} />
      <SystemTabs />
    </>
  );
}
