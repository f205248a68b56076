import { useTranslation } from 'react-i18next';
import { formatDateTime } from '../lib/format';
import { formatRelative } from '../lib/relative-time';
import { useServerNow } from '../lib/use-server-now';

/** A moment as distance from now, with the exact time on hover. */
export function TimeAgo({ ms }: { ms: number }) {
  const { i18n } = useTranslation();
  const now = useServerNow();
  return (
    <time dateTime={new Date(ms).toISOString()} title={formatDateTime(ms, i18n.language)}>
      {formatRelative(ms, now, i18n.language)}
    </time>
  );
}
