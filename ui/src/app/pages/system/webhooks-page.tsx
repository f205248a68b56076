import { Button, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { lazy, Suspense, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import { PageHead } from '../../../components/page-head';
import { targetsQuery } from '../../../features/webhooks/api/use-webhooks';
import { DeliveryLog } from '../../../features/webhooks/components/delivery-log';
import { TargetsCard } from '../../../features/webhooks/components/targets-card';
import type { HookDelivery, HookTarget } from '../../../lib/api-types';
import { useTitle } from '../../use-title';
import { SystemTabs } from './system-tabs';

const DeliveryDrawer = lazy(() =>
  import('../../../features/webhooks/components/delivery-drawer').then((module) => ({ default: module.DeliveryDrawer })),
);

/** Whom do we tell, and does it arrive? */
export function WebhooksPage() {
  const { t } = useTranslation();
  useTitle(t('webhooks.title'));
  const targets = useQuery(targetsQuery).data?.targets;
  const [adding, setAdding] = useState(false);
  const [filter, setFilter] = useState('');
  const [shown, setShown] = useState<HookDelivery | null>(null);
  const log = useRef<HTMLDivElement>(null);
  const showLog = (targetId: string) => {
    setFilter(targetId);
    log.current?.scrollIntoView({ block: 'start' });
  };
  return (
    <>
      <PageHead
        title={t('nav.system')}
        state={targets ? summary(targets, t) : t('webhooks.intro')}
        actions={
          targets &&
          targets.length > 0 && (
            <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
              {t('webhooks.add')}
            </Button>
          )
        }
      />
      <SystemTabs />
      <Stack gap={12}>
        <TargetsCard adding={adding} onAdd={() => setAdding(true)} onAdded={() => setAdding(false)} onShowLog={showLog} onShowDelivery={setShown} />
        <div ref={log} style={{ scrollMarginTop: 12 }}>
          <DeliveryLog targetId={filter} onTarget={setFilter} onShow={setShown} />
        </div>
      </Stack>
      <Suspense>{shown && <DeliveryDrawer key={shown.id} delivery={shown} onClose={() => setShown(null)} />}</Suspense>
    </>
  );
}

function summary(targets: HookTarget[], t: TFunction): string {
  const used = targets.filter(({ enabled }) => enabled);
  const troubled = used.filter(({ last_error }) => last_error).length;
  if (troubled > 0) return t('webhooks.state.trouble', { count: troubled });
  return used.length === 0 ? t('webhooks.intro') : t('webhooks.state.ok', { count: used.length });
}
