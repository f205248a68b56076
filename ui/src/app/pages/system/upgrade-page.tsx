import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { useTitle } from '../../use-title';
import { SystemTabs } from './system-tabs';

/** Is there something newer, and how does it come? */
export function UpgradePage() {
  const { t } = useTranslation();
  useTitle(t('systemTabs.upgrade'));
  return (
    <>
      <PageHead title={t('nav.system')} />
      <SystemTabs />
    </>
  );
}
