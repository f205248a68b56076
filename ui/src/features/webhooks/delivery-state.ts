import type { Tone } from '../../components/state-badge';
import type { HookDelivery } from '../../lib/api-types';

export type DeliveryWord = 'pending' | 'retrying' | 'delivered' | 'failed' | 'dropped';

/** How a delivery stands, as colour and word. */
export function deliveryState({ state, attempts }: HookDelivery): { tone: Tone; word: DeliveryWord } {
  if (state === 'delivered') return { tone: 'ok', word: 'delivered' };
  if (state === 'dropped') return { tone: 'error', word: 'dropped' };
  if (state === 'failed') return { tone: 'error', word: 'failed' };
  return attempts > 0 ? { tone: 'warn', word: 'retrying' } : { tone: 'idle', word: 'pending' };
}
