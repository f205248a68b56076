import { Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { JobSteps } from '../../../components/job-steps';
import { Notice } from '../../../components/notice';
import type { CertificateJob } from '../../../lib/house-types';
import { caProblem } from '../ca-problem';

/** What is being done about the certificate, step by step, and why it stopped. */
export function CertificateJobView({ job }: { job: CertificateJob }) {
  const { t } = useTranslation();
  const fault = job.state === 'failed' && job.error ? caProblem(job.error, t) : null;
  const kind = t(`https.job.kind.${job.kind}` as 'https.job.kind.request', { defaultValue: t('https.job.kind.request') });
  return (
    <Stack gap="sm">
      {fault && (
        <Notice tone="error" role="alert" title={t('https.job.failed', { kind })}>
          <p>{fault.message}</p>
          {fault.help && <p>{fault.help}</p>}
          <p>{t('https.job.oldServes')}</p>
        </Notice>
      )}
      <JobSteps
        label={kind}
        steps={job.steps.map(({ id, state, message }) => ({ id, state, message, name: t(`https.job.step.${id}` as 'https.job.step.check', { defaultValue: id }) }))}
      />
    </Stack>
  );
}
