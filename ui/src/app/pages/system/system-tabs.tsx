import { Link, useLocation } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import classes from '../page-tabs.module.css';

// What runs and what it stands on, then what is seen of it, then who and what else is let in.
const PLACES = [
  { to: '/system', name: 'services' },
  { to: '/system/https', name: 'https' },
  { to: '/system/upgrade', name: 'upgrade' },
  { to: '/system/backup', name: 'backup' },
  { to: '/system/monitoring', name: 'monitoring', first: true },
  { to: '/system/alerts', name: 'alerts' },
  { to: '/system/logs', name: 'logs' },
  { to: '/system/audit', name: 'audit' },
  { to: '/system/api-keys', name: 'apiKeys', first: true },
  { to: '/system/webhooks', name: 'webhooks' },
  { to: '/system/settings', name: 'settings' },
] as const;

/** The pages of System: more than a phone has room for, so the one that is open is brought into sight. */
export function SystemTabs() {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const bar = useRef<HTMLElement>(null);
  useEffect(() => {
    bar.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [pathname]);
  return (
    <nav ref={bar} className={`${classes.tabs} ${classes.many}`} aria-label={t('systemTabs.label')}>
      {PLACES.map((place) => (
        <Link
          key={place.to}
          to={place.to}
          className={classes.tab}
          data-first={'first' in place || undefined}
          activeOptions={{ exact: true, includeSearch: false }}
        >
          {t(`systemTabs.${place.name}`)}
        </Link>
      ))}
    </nav>
  );
}
