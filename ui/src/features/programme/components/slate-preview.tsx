import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { HelpfulError } from '../../../components/helpful-error';
import type { Slate } from '../../../lib/ffmpeg-types';
import { slatePreviewQuery } from '../api/use-programme';
import classes from './picture.module.css';

/** A keystroke is no slate yet. */
const PAUSE_MS = 500;

/** How a slate looks, drawn by the server as it will be sent. */
export function SlatePreview({ slate, alt }: { slate: Slate; alt: string }) {
  const { t } = useTranslation();
  const [wanted] = useDebouncedValue(slate, PAUSE_MS);
  const empty = isEmpty(slate);
  const query = useQuery({ ...slatePreviewQuery(wanted), enabled: !empty && !isEmpty(wanted) });
  const url = query.data;
  if (query.error && !empty) return <HelpfulError error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <div className={classes.frame} aria-busy={query.isFetching || undefined}>
      {empty || !url ? <p className={classes.words}>{t(empty ? 'programme.slate.noFile' : 'common.loading')}</p> : <img className={classes.picture} src={url} alt={alt} />}
    </div>
  );
}

/** Nothing to draw yet: the file is still to be chosen. */
function isEmpty({ kind, file_id }: Slate): boolean {
  return kind !== 'card' && file_id == null;
}
