import { useTranslation } from 'react-i18next';
import { formatClock } from '../../../lib/format';
import classes from './on-air.module.css';

/** On the picture: LIVE and for how long. Red only with fresh evidence. */
export function OnAir({ seconds, stale = false }: { seconds: number; stale?: boolean }) {
  const { t } = useTranslation();
  return (
    <span className={classes.chip} data-stale={stale || undefined}>
      <span className={classes.dot} aria-hidden="true" />
      {t('live.live')}
      <span className={classes.time}>{formatClock(seconds)}</span>
    </span>
  );
}
