import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { PageHead } from '../../../components/page-head';
import { certificateQuery } from '../../../features/https/api/use-https';
import { CertificateCard } from '../../../features/https/components/certificate-card';
import { HttpsOptions } from '../../../features/https/components/https-options';
import type { Certificate } from '../../../lib/house-types';
import { useTitle } from '../../use-title';
import { SystemTabs } from './system-tabs';

/** Is the connection safe, and until when? */
export function HttpsPage() {
  const { t } = useTranslation();
  useTitle(t('systemTabs.https'));
  const { data } = useQuery(certificateQuery);
  return (
    <>
      <PageHead title={t('nav.system')} state={data ? summary(data, t) : ''} />
      <SystemTabs />
      <Stack gap={12}>
        <CertificateCard />
        <HttpsOptions />
      </Stack>
    </>
  );
}

function summary({ provider, domains, days_left }: Certificate, t: TFunction): string {
  if (provider === 'self') return t('https.state.self');
  return days_left < 0 ? t('https.expired') : t('https.state.good', { domain: domains[0] ?? '', count: days_left });
}
