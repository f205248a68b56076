import { useTranslation } from 'react-i18next';
import { StateBadge } from '../../../components/state-badge';
import type { HookDelivery } from '../../../lib/api-types';
import { deliveryState } from '../delivery-state';

export function DeliveryBadge({ delivery }: { delivery: HookDelivery }) {
  const { t } = useTranslation();
  const { tone, word } = deliveryState(delivery);
  return <StateBadge tone={tone} word={t(`webhooks.log.states.${word}`)} reason={delivery.error ?? undefined} />;
}
