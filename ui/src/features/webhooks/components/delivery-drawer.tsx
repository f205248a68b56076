import { Button, Drawer, Group, Stack } from '@mantine/core';
import { useQueryClient, type InfiniteData } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import { Icon } from '../../../components/icons';
import { KeyValue, type Fact } from '../../../components/key-value';
import { Notice } from '../../../components/notice';
import { TimeAgo } from '../../../components/time-ago';
import type { HookDeliveries, HookDelivery } from '../../../lib/api-types';
import { formatMs } from '../../../lib/format';
import { useResend } from '../api/use-webhooks';
import { eventName } from '../event-groups';
import { DeliveryBadge } from './delivery-badge';
import { Exchange } from './exchange';

/** One delivery in full: what was sent, what came back, and "send again". */
export function DeliveryDrawer({ delivery: shown, onClose }: { delivery: HookDelivery; onClose: () => void }) {
  const { t } = useTranslation();
  const resend = useResend();
  const [opened, setOpened] = useState(shown);
  const delivery = useFreshest(opened);
  const again = () => resend.mutate(delivery.id, { onSuccess: setOpened });
  const facts: Fact[] = [
    { name: t('webhooks.log.state'), value: <DeliveryBadge delivery={delivery} /> },
    { name: t('webhooks.log.event'), value: eventName(delivery.type, t), title: delivery.type },
    { name: t('webhooks.log.at'), value: <TimeAgo ms={delivery.at_ms} /> },
    { name: t('webhooks.log.reply'), value: delivery.status ?? t('webhooks.log.noReply') },
    { name: t('webhooks.log.took'), value: delivery.took_ms == null ? '–' : formatMs(delivery.took_ms) },
    { name: t('webhooks.log.attempts'), value: delivery.attempts },
    ...(delivery.next_ms == null ? [] : [{ name: t('webhooks.log.next'), value: <TimeAgo ms={delivery.next_ms} /> }]),
  ];
  return (
    <Drawer opened size="lg" onClose={onClose} title={t('webhooks.delivery.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="lg">
        {resend.isSuccess && <Resent anew={resend.data.id !== resend.variables} />}
        {delivery.error && <Notice tone={delivery.state === 'pending' ? 'warn' : 'error'}>{delivery.error}</Notice>}
        <KeyValue facts={facts} />
        <Exchange title={t('webhooks.delivery.request')} text={delivery.request} />
        <Exchange title={t('webhooks.delivery.reply')} text={delivery.reply} />
        {resend.error !== null && <HelpfulError error={resend.error} />}
        <Group justify="space-between" align="center">
          <small style={{ color: 'var(--ss-dim)', overflowWrap: 'anywhere' }}>
            {t('webhooks.delivery.id')} {delivery.id}
          </small>
          <Button variant="default" leftSection={<Icon name="rotate" size={16} />} loading={resend.isPending} onClick={again}>
            {t('webhooks.delivery.resend')}
          </Button>
        </Group>
      </Stack>
    </Drawer>
  );
}

/** A finished message goes out as a delivery of its own; one that waits is only hurried. */
function Resent({ anew }: { anew: boolean }) {
  const { t } = useTranslation();
  return (
    <Notice tone="ok" role="status" title={t(anew ? 'webhooks.delivery.resent' : 'webhooks.delivery.hurried')}>
      {anew && <p>{t('webhooks.delivery.resentText')}</p>}
    </Notice>
  );
}

/** The delivery as the log knows it now: it goes on while the drawer is open. */
function useFreshest(delivery: HookDelivery): HookDelivery {
  const queries = useQueryClient();
  const lists = queries.getQueriesData<InfiniteData<HookDeliveries>>({ queryKey: ['webhooks', 'deliveries'] });
  for (const [, list] of lists) {
    const found = list?.pages.flatMap((page) => page.deliveries).find(({ id }) => id === delivery.id);
    if (found) return found;
  }
  return delivery;
}
