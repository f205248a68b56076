import { Button, Group, Menu, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { Loaded } from '../../../components/loaded';
import { Notice } from '../../../components/notice';
import { RowMenu } from '../../../components/row-menu';
import type { Certificate } from '../../../lib/house-types';
import { certificateQuery, useRenew } from '../api/use-https';
import { caProblem } from '../ca-problem';
import { CertificateFacts } from './certificate-facts';
import { CertificateJobView } from './certificate-job';
import { RenewalPart } from './renewal-part';

const HttpsWizard = lazy(() => import('./https-wizard').then((module) => ({ default: module.HttpsWizard })));
const UploadModal = lazy(() => import('./upload-modal').then((module) => ({ default: module.UploadModal })));
const SelfSigned = lazy(() => import('./other-certificate').then((module) => ({ default: module.SelfSigned })));
const PreviousCertificate = lazy(() => import('./other-certificate').then((module) => ({ default: module.PreviousCertificate })));

type Task = 'wizard' | 'upload' | 'self' | 'previous';

/** The certificate that is served: how long it lasts, who sees to that, and ways to another one. */
export function CertificateCard() {
  const { t } = useTranslation();
  const query = useQuery(certificateQuery);
  const [task, setTask] = useState<Task | null>(null);
  const done = () => setTask(null);
  const certificate = query.data;
  return (
    <Card
      title={t('https.certificate')}
      aside={
        certificate &&
        !certificate.managed && (
          <Group gap={6}>
            <Button onClick={() => setTask('wizard')}>{t(certificate.provider === 'lets' ? 'https.wizard.again' : 'https.wizard.open')}</Button>
            <RowMenu label={t('https.other')}>
              <Menu.Item leftSection={<Icon name="key" />} onClick={() => setTask('upload')}>
                {t('https.upload.open')}
              </Menu.Item>
              {certificate.previous && (
                <Menu.Item leftSection={<Icon name="back" />} onClick={() => setTask('previous')}>
                  {t('https.previous.open')}
                </Menu.Item>
              )}
              <Menu.Item leftSection={<Icon name="edit" />} onClick={() => setTask('self')}>
                {t('https.self.open')}
              </Menu.Item>
            </RowMenu>
          </Group>
        )
      }
    >
      <Loaded query={query} rows={4}>
        {(data) => (
          <Stack gap="md">
            <Warnings certificate={data} />
            <CertificateFacts certificate={data} />
            {data.job && <LastJob certificate={data} quiet={task !== null} />}
            {data.provider === 'lets' && !data.managed && <RenewalPart certificate={data} />}
          </Stack>
        )}
      </Loaded>
      <Suspense>
        {task === 'wizard' && certificate && <HttpsWizard certificate={certificate} onClose={done} />}
        {task === 'upload' && <UploadModal onClose={done} />}
        {task === 'self' && <SelfSigned onClose={done} />}
        {task === 'previous' && certificate?.previous && <PreviousCertificate previous={certificate.previous} onClose={done} />}
      </Suspense>
    </Card>
  );
}

const SOON_DAYS = 14;

function Warnings({ certificate: { managed, provider, port, days_left, renewal } }: { certificate: Certificate }) {
  const { t } = useTranslation();
  const renew = useRenew();
  const failed = renewal.last_ok === false && renewal.last_error ? caProblem(renewal.last_error, t) : null;
  return (
    <>
      {managed && <Notice tone="idle">{t('https.managed')}</Notice>}
      {!managed && provider === 'self' && (
        <Notice tone="warn" title={t('https.selfTitle')}>
          {t('https.selfText')}
        </Notice>
      )}
      {port === 0 && <Notice tone="warn">{t('https.noPort')}</Notice>}
      {renewal.staging && provider === 'lets' && <Notice tone="warn">{t('https.stagingServed')}</Notice>}
      {days_left <= SOON_DAYS && provider !== 'self' && (
        <Notice tone={days_left <= 3 ? 'error' : 'warn'} role="alert" title={days_left < 0 ? t('https.expired') : t('https.soon', { count: days_left })}>
          {t(provider === 'lets' ? 'https.soonLets' : 'https.soonOwn')}
        </Notice>
      )}
      {failed && (
        <Notice tone="error" role="alert" title={t('https.renewal.failed')}>
          <p>{failed.message}</p>
          <p>{failed.help}</p>
          <Button mt={8} size="compact-md" variant="default" loading={renew.isPending} onClick={() => renew.mutate(true)}>
            {t('https.renewal.now')}
          </Button>
        </Notice>
      )}
      {renew.error && <HelpfulError error={renew.error} />}
    </>
  );
}

/** What is going on, or went wrong last. What went well is seen by the certificate itself. */
function LastJob({ certificate: { job }, quiet }: { certificate: Certificate; quiet: boolean }) {
  if (!job || quiet || job.state === 'done' || (job.state === 'failed' && job.kind === 'renewal')) return null;
  return <CertificateJobView job={job} />;
}
