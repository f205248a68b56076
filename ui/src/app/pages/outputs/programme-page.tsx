import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { useTitle } from '../../use-title';
import { OutputsTabs } from './outputs-tabs';

/** What is on air now, and what would be instead? */
export function ProgrammePage() {
  const { t } = useTranslation();
  useTitle(t('nav.programme'));
  return (
    <>
      <PageHead title={t('outputs.title')} state={t('outputs.intro')} />
      <OutputsTabs />
    </>
  );
}
