import { useTranslation } from 'react-i18next';
import { formatDateTime } from '../../../lib/format';
import type { Recording } from '../../../lib/recording-types';
import { formatRelative } from '../../../lib/relative-time';
import { useServerNow } from '../../../lib/use-server-now';
import classes from './deleted-in.module.css';

const RENEW_MS = 30_000;

/** What the rules will do with a recording, where they do anything: "deleted in 12 days", "kept". */
export function DeletedIn({ recording: { keep, delete_at_ms } }: { recording: Recording }) {
  const { t, i18n } = useTranslation();
  const now = useServerNow(RENEW_MS);
  if (keep) return <span className={classes.fate}>{t('recordings.kept')}</span>;
  if (delete_at_ms === null) return null;
  return (
    <span className={classes.fate} title={formatDateTime(delete_at_ms, i18n.language)}>
      {delete_at_ms > now ? t('recordings.deletedIn', { when: formatRelative(delete_at_ms, now, i18n.language) }) : t('recordings.deletedSoon')}
    </span>
  );
}
