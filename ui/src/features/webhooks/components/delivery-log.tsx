import { Button, NativeSelect } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { DataTable, type Column } from '../../../components/data-table';
import { EmptyState } from '../../../components/empty-state';
import { Loaded } from '../../../components/loaded';
import { TimeAgo } from '../../../components/time-ago';
import type { HookDelivery } from '../../../lib/api-types';
import { formatMs } from '../../../lib/format';
import { deliveriesQuery, targetsQuery } from '../api/use-webhooks';
import { eventName } from '../event-groups';
import { DeliveryBadge } from './delivery-badge';

interface DeliveryLogProps {
  /** Empty: all targets. */
  targetId: string;
  onTarget: (targetId: string) => void;
  onShow: (delivery: HookDelivery) => void;
}

const NONE = '–';

/** What was sent to whom and how it ended, newest first. */
export function DeliveryLog({ targetId, onTarget, onShow }: DeliveryLogProps) {
  const { t } = useTranslation();
  const targets = useQuery(targetsQuery).data?.targets ?? [];
  const query = useInfiniteQuery(deliveriesQuery(targetId));
  const labelOf = (id: string) => targets.find((target) => target.id === id)?.label ?? t('webhooks.log.removed');

  const columns: Column<HookDelivery>[] = [
    {
      key: 'event',
      head: t('webhooks.log.event'),
      kind: 'main',
      cell: (delivery) => <span title={delivery.type}>{eventName(delivery.type, t)}</span>,
    },
    { key: 'state', head: t('webhooks.log.state'), cell: (delivery) => <DeliveryBadge delivery={delivery} /> },
    { key: 'target', head: t('webhooks.log.target'), cell: (delivery) => labelOf(delivery.target_id) },
    { key: 'at', head: t('webhooks.log.at'), cell: (delivery) => <TimeAgo ms={delivery.at_ms} /> },
    { key: 'reply', head: t('webhooks.log.reply'), cell: (delivery) => delivery.status ?? NONE },
    { key: 'took', head: t('webhooks.log.took'), cell: (delivery) => (delivery.took_ms == null ? NONE : formatMs(delivery.took_ms)) },
    { key: 'attempts', head: t('webhooks.log.attempts'), cell: (delivery) => delivery.attempts },
    {
      key: 'open',
      head: t('webhooks.log.open'),
      kind: 'actions',
      cell: (delivery) => (
        <Button size="compact-sm" variant="default" aria-label={`${t('webhooks.log.open')}: ${eventName(delivery.type, t)}`} onClick={() => onShow(delivery)}>
          {t('common.details')}
        </Button>
      ),
    },
  ];

  return (
    <Card
      title={t('webhooks.log.title')}
      aside={
        <NativeSelect
          size="xs"
          aria-label={t('webhooks.log.filter')}
          value={targetId}
          data={[{ value: '', label: t('webhooks.log.all') }, ...targets.map(({ id, label }) => ({ value: id, label }))]}
          onChange={(event) => onTarget(event.currentTarget.value)}
        />
      }
    >
      <Loaded query={query} rows={4}>
        {({ pages }) => {
          const deliveries = pages.flatMap((page) => page.deliveries);
          if (deliveries.length === 0) return <EmptyState icon="link" title={t('webhooks.log.empty')} text={t('webhooks.log.emptyText')} />;
          return (
            <>
              <DataTable label={t('webhooks.log.title')} columns={columns} rows={deliveries} rowKey={({ id }) => id} step={Infinity} />
              {query.hasNextPage && (
                <Button mt={12} variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  {t('webhooks.log.older')}
                </Button>
              )}
            </>
          );
        }}
      </Loaded>
    </Card>
  );
}
