import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import classes from '../page-tabs.module.css';

const PLACES = [
  { to: '/outputs', name: 'nav.destinations' },
  { to: '/outputs/programme', name: 'nav.programme' },
] as const;

/** The pages about what goes out. */
export function OutputsTabs() {
  const { t } = useTranslation();
  return (
    <nav className={classes.tabs} aria-label={t('nav.outputs')}>
      {PLACES.map(({ to, name }) => (
        <Link key={to} to={to} className={classes.tab} activeOptions={{ exact: true, includeSearch: false }}>
          {t(name)}
        </Link>
      ))}
    </nav>
  );
}
