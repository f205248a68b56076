import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { ApiKeysCard } from '../../../features/api-keys/components/api-keys-card';
import { useTitle } from '../../use-title';
import { SystemTabs } from './system-tabs';

/** Which programs may call, and how much may they do? */
export function ApiKeysPage() {
  const { t } = useTranslation();
  useTitle(t('systemTabs.apiKeys'));
  return (
    <>
      <PageHead title={t('nav.system')} state={t('apiKeys.intro')} />
      <SystemTabs />
      <ApiKeysCard />
    </>
  );
}
