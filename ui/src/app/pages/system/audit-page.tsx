import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { AuditCard } from '../../../features/audit/components/audit-card';
import { useTitle } from '../../use-title';
import { SystemTabs } from './system-tabs';

/** Who did what? */
export function AuditPage() {
  const { t } = useTranslation();
  useTitle(t('systemTabs.audit'));
  return (
    <>
      <PageHead title={t('nav.system')} state={t('audit.intro')} />
      <SystemTabs />
      <AuditCard />
    </>
  );
}
