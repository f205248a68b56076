import { Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { HelpfulError } from '../../../components/helpful-error';
import { statusQuery } from '../../../lib/queries';
import { useLive } from '../../../lib/use-live';
import { ServiceTable } from './service-table';

/** Live states where the link brings them, else those of the last answer. */
export function ServicesCard() {
  const { t } = useTranslation();
  const live = useLive();
  const status = useQuery(statusQuery);
  const services = live.services ?? status.data?.services;
  return (
    <Card title={t('system.servicesTitle')}>
      {services && services.length > 0 ? (
        <ServiceTable services={services} clockOffsetMs={live.clockOffsetMs} stale={live.connection === 'lost'} />
      ) : services ? (
        <EmptyState icon="system" title={t('system.noServices')} text={t('system.noServicesText')} />
      ) : status.error ? (
        <HelpfulError error={status.error} onRetry={() => void status.refetch()} />
      ) : (
        <Stack aria-busy="true" aria-label={t('common.loading')}>
          {['a', 'b', 'c', 'd', 'e', 'f'].map((row) => (
            <Skeleton key={row} h={36} />
          ))}
        </Stack>
      )}
    </Card>
  );
}
