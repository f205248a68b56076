import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import classes from './page-tabs.module.css';

const PLACES = [
  { to: '/system', name: 'nav.overview' },
  { to: '/system/webhooks', name: 'nav.webhooks' },
] as const;

/** The pages of System. */
export function SystemTabs() {
  const { t } = useTranslation();
  return (
    <nav className={classes.tabs} aria-label={t('nav.system')}>
      {PLACES.map(({ to, name }) => (
        <Link key={to} to={to} className={classes.tab} activeOptions={{ exact: true }}>
          {t(name)}
        </Link>
      ))}
    </nav>
  );
}
