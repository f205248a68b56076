import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import classes from './page-tabs.module.css';

const PLACES = [
  { to: '/recordings', name: 'nav.library' },
  { to: '/recordings/rules', name: 'nav.rules' },
  { to: '/recordings/storage', name: 'nav.storage' },
  { to: '/recordings/retention', name: 'nav.retention' },
] as const;

/** The pages about all recordings. */
export function RecordingsTabs() {
  const { t } = useTranslation();
  return (
    <nav className={classes.tabs} aria-label={t('nav.recordings')}>
      {PLACES.map(({ to, name }) => (
        <Link key={to} to={to} className={classes.tab} activeOptions={{ exact: true, includeSearch: false }}>
          {t(name)}
        </Link>
      ))}
    </nav>
  );
}
