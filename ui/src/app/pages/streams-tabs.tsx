import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import classes from './page-tabs.module.css';

const PLACES = [
  { to: '/streams', name: 'nav.overview' },
  { to: '/streams/statistics', name: 'nav.statistics' },
  { to: '/streams/rules', name: 'nav.rules' },
] as const;

/** The pages about all streams. */
export function StreamsTabs() {
  const { t } = useTranslation();
  return (
    <nav className={classes.tabs} aria-label={t('nav.streams')}>
      {PLACES.map(({ to, name }) => (
        <Link key={to} to={to} className={classes.tab} activeOptions={{ exact: true }}>
          {t(name)}
        </Link>
      ))}
    </nav>
  );
}
