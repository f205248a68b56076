import { Skeleton, Stack } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { HelpfulError } from '../../../components/helpful-error';
import { useLive } from '../../../lib/use-live';
import { useServices } from '../use-services';
import { ServiceTable } from './service-table';

const ServiceDrawer = lazy(() => import('./service-drawer').then((module) => ({ default: module.ServiceDrawer })));

/** Every program of the house; a click opens what can be seen of it and done with it. */
export function ServicesCard() {
  const { t } = useTranslation();
  const { connection } = useLive();
  const { services, error, retry } = useServices();
  const [open, setOpen] = useState<string | null>(null);
  const shown = services?.find(({ name }) => name === open);
  return (
    <Card title={t('system.servicesTitle')}>
      {error && (
        <div style={{ marginBottom: 12 }}>
          <HelpfulError error={error} onRetry={retry} />
        </div>
      )}
      {services && services.length > 0 ? (
        <ServiceTable services={services} stale={connection === 'lost'} onOpen={setOpen} />
      ) : services ? (
        <EmptyState icon="system" title={t('system.noServices')} text={t('system.noServicesText')} />
      ) : (
        !error && (
          <Stack aria-busy="true" aria-label={t('common.loading')}>
            {['a', 'b', 'c', 'd', 'e', 'f'].map((row) => (
              <Skeleton key={row} h={36} />
            ))}
          </Stack>
        )
      )}
      <Suspense>{shown && <ServiceDrawer service={shown} onClose={() => setOpen(null)} />}</Suspense>
    </Card>
  );
}
