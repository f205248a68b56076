import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Notice } from '../../../components/notice';
import type { HookDelivery } from '../../../lib/api-types';
import { formatMs } from '../../../lib/format';

/** How a test went, in one line. */
export function TestResult({ delivery, onShow }: { delivery: HookDelivery; onShow: () => void }) {
  const { t } = useTranslation();
  const look = (
    <Button size="compact-xs" variant="subtle" ml={8} onClick={onShow}>
      {t('webhooks.test.look')}
    </Button>
  );
  if (delivery.state === 'delivered') {
    return (
      <Notice tone="ok" role="status">
        {t('webhooks.test.ok', { status: delivery.status ?? '', took: formatMs(delivery.took_ms ?? 0) })}
        {look}
      </Notice>
    );
  }
  if (delivery.state === 'pending' && delivery.attempts === 0) {
    return (
      <Notice tone="idle" role="status">
        {t('webhooks.test.pending')}
      </Notice>
    );
  }
  return (
    <Notice tone="error" role="alert">
      {t('webhooks.test.failed', { error: delivery.error ?? (delivery.status == null ? '' : `HTTP ${delivery.status}`) })}
      {look}
    </Notice>
  );
}
