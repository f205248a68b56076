import { Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { HelpfulError } from '../../../components/helpful-error';
import { envsQuery } from '../../../lib/queries';
import { publishSecretQuery } from '../api/use-ingest';
import { IngestForm } from './ingest-form';

/** How to send a picture here: server and key for every kind of encoder. */
export function IngestCard() {
  const { t } = useTranslation();
  const envs = useQuery(envsQuery);
  const secret = useQuery(publishSecretQuery);
  const error = envs.error ?? secret.error;
  const retry = () => {
    void envs.refetch();
    void secret.refetch();
  };
  return (
    <Card title={t('ingest.title')}>
      {envs.data && secret.data !== undefined ? (
        <IngestForm envs={envs.data} secret={secret.data} />
      ) : error ? (
        <HelpfulError error={error} onRetry={retry} />
      ) : (
        <Stack aria-busy="true" aria-label={t('common.loading')}>
          <Skeleton h={36} />
          <Skeleton h={58} />
          <Skeleton h={58} />
        </Stack>
      )}
    </Card>
  );
}
