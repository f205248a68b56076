import { useTranslation } from 'react-i18next';
import { StateBadge, type Tone } from '../../../components/state-badge';
import type { HookTarget } from '../../../lib/api-types';
import { formatRelative } from '../../../lib/relative-time';
import { useServerNow } from '../../../lib/use-server-now';
import { targetState, type TargetState } from '../target-state';

const TONES: Record<TargetState, Tone> = { off: 'idle', waiting: 'idle', ok: 'ok', failing: 'error' };

export function TargetBadge({ target }: { target: HookTarget }) {
  const { t, i18n } = useTranslation();
  const now = useServerNow(10_000);
  const state = targetState(target);
  const reasons: Partial<Record<TargetState, string>> = {
    waiting: t('webhooks.status.waitingWhy'),
    ...(target.last_ok_ms != null && { ok: t('webhooks.status.okWhy', { ago: formatRelative(target.last_ok_ms, now, i18n.language) }) }),
  };
  return <StateBadge tone={TONES[state]} word={t(`webhooks.status.${state}`)} reason={reasons[state]} />;
}
