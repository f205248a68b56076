import { useTranslation } from 'react-i18next';
import { StateBadge } from '../../../components/state-badge';
import { formatSeconds } from '../../../lib/format';
import { STALE_AFTER_S } from '../stream-health';

/** Green only with fresh evidence; older says when it was last seen. */
export function StreamState({ ageS }: { ageS: number | null }) {
  const { t } = useTranslation();
  if (ageS === null) return <StateBadge tone="idle" word={t('live.state.starting')} reason={t('live.state.startingWhy')} />;
  if (ageS > STALE_AFTER_S) {
    return <StateBadge tone="ok" stale word={t('live.state.stale', { time: formatSeconds(ageS) })} reason={t('live.state.staleWhy')} />;
  }
  return <StateBadge tone="ok" word={t('live.state.receiving')} reason={t('live.state.receivingWhy', { time: formatSeconds(ageS) })} />;
}
