import { useTranslation } from 'react-i18next';
import { StateBadge } from '../../../components/state-badge';
import type { StorageTarget } from '../../../lib/recording-types';
import { formatRelative } from '../../../lib/relative-time';
import { useServerNow } from '../../../lib/use-server-now';

/** Does the target work, as far as was last seen? */
export function TargetBadge({ target: { enabled, health } }: { target: StorageTarget }) {
  const { t, i18n } = useTranslation();
  const now = useServerNow(10_000);
  if (!enabled) return <StateBadge tone="idle" word={t('storage.health.off')} reason={t('storage.health.offWhy')} />;
  if (health.ok === null) return <StateBadge tone="idle" word={t('storage.health.unknown')} reason={t('storage.health.unknownWhy')} />;
  const reason = t('storage.health.at', { ago: formatRelative(health.at_ms, now, i18n.language) });
  return health.ok ? (
    <StateBadge tone="ok" word={t('storage.health.ok')} reason={reason} />
  ) : (
    <StateBadge tone="error" word={t('storage.health.failing')} reason={reason} />
  );
}
