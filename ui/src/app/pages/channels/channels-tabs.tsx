import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import classes from '../page-tabs.module.css';

const PLACES = [
  { to: '/channels', name: 'channels.tabs.vlive' },
  { to: '/channels/cameras', name: 'channels.tabs.cameras' },
  { to: '/channels/transcode', name: 'channels.tabs.transcode' },
] as const;

/** The pages about what plays by itself. */
export function ChannelsTabs() {
  const { t } = useTranslation();
  return (
    <nav className={classes.tabs} aria-label={t('nav.channels')}>
      {PLACES.map(({ to, name }) => (
        <Link key={to} to={to} className={classes.tab} activeOptions={{ exact: true }}>
          {t(name)}
        </Link>
      ))}
    </nav>
  );
}
