import { Link, Outlet } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Brand } from '../../components/brand';
import { ConnectionBanner } from '../../components/connection-banner';
import { Foot } from '../../components/foot';
import { Icon } from '../../components/icons';
import { StoreWatch } from '../../features/store/components/store-watch';
import { LiveProvider } from '../live-provider';
import { useSessionRenewal } from '../use-session-renewal';
import { AccountMenu } from './account-menu';
import classes from './shell.module.css';

const PLACES = [
  { to: '/', icon: 'home', name: 'nav.home' },
  { to: '/streams', icon: 'streams', name: 'nav.streams' },
  { to: '/outputs', icon: 'outputs', name: 'nav.outputs' },
  { to: '/recordings', icon: 'recordings', name: 'nav.recordings' },
  { to: '/channels', icon: 'channels', name: 'nav.channels' },
  { to: '/system', icon: 'system', name: 'nav.system' },
] as const;

/** Everything around a page once signed in: a rail on a desktop, a bar at the thumb on a phone. */
export function Shell() {
  const { t } = useTranslation();
  useSessionRenewal();
  return (
    <LiveProvider>
      <a href="#main" className={classes.skip}>
        {t('nav.skip')}
      </a>
      <div className={classes.shell}>
        <nav className={classes.rail} aria-label={t('nav.label')}>
          <span className={classes.brand}>
            <Brand size={36} />
          </span>
          {PLACES.map((place) => (
            <Link key={place.to} to={place.to} className={classes.place} activeOptions={{ exact: place.to === '/' }}>
              <Icon name={place.icon} size={22} />
              {t(place.name)}
            </Link>
          ))}
          <span className={classes.spring} />
          <AccountMenu className={classes.place} />
        </nav>
        <div>
          <ConnectionBanner />
          <StoreWatch />
          <main id="main" tabIndex={-1} className={classes.main}>
            <Outlet />
            <Foot />
          </main>
        </div>
      </div>
    </LiveProvider>
  );
}
