import { useTranslation } from 'react-i18next';
import { formatClock } from '../../../lib/format';
import classes from './on-air.module.css';

/** On the picture: LIVE and for how long. */
export function OnAir({ seconds }: { seconds: number }) {
  const { t } = useTranslation();
  return (
    <span className={classes.chip}>
      <span className={classes.dot} aria-hidden="true" />
      {t('live.live')}
      <span className={classes.time}>{formatClock(seconds)}</span>
    </span>
  );
}
