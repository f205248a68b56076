import { useTranslation } from 'react-i18next';
import { StateBadge } from '../../../components/state-badge';
import type { StreamRow } from '../stream-rows';

export function RowState({ row }: { row: StreamRow }) {
  const { t } = useTranslation();
  if (row.live) {
    return row.known ? (
      <StateBadge tone="ok" word={t('streams.state.live')} />
    ) : (
      <StateBadge tone="ok" word={`${t('streams.state.live')} · ${t('streams.state.unlisted')}`} reason={t('streams.state.unlistedWhy')} />
    );
  }
  if (row.known?.enabled === false) return <StateBadge tone="warn" word={t('streams.state.disabled')} reason={t('streams.state.disabledWhy')} />;
  return <StateBadge tone="idle" word={t('streams.state.off')} />;
}
