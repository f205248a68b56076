import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { formatSeconds } from '../lib/format';
import { isAwayExpected } from '../lib/planned-away';
import { useLive, useLiveLink } from '../lib/use-live';
import { useNow } from '../lib/use-now';
import classes from './connection-banner.module.css';
import { Icon } from './icons';

// A reconnect after a restart of one service takes less; the banner would only flicker.
const QUIET_MS = 2_000;

/** Says that what is on the screen is no longer fresh, and since when. */
export function ConnectionBanner() {
  const { t } = useTranslation();
  const { connection, lostSince } = useLive();
  const link = useLiveLink();
  const now = useNow();
  if (connection === 'open' || lostSince === null || now - lostSince < QUIET_MS) return null;
  if (isAwayExpected(now)) {
    return (
      <div className={classes.banner} data-planned role="status">
        <Icon name="info" />
        {t('connection.planned')}
      </div>
    );
  }
  return (
    <div className={classes.banner} role="alert">
      <Icon name="warn" />
      {t('connection.lost', { time: formatSeconds((now - lostSince) / 1000) })}
      <Button size="compact-sm" variant="subtle" onClick={link.retryNow}>
        {t('connection.retryNow')}
      </Button>
    </div>
  );
}
