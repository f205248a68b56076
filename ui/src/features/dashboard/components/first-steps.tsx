import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Icon, type IconName } from '../../../components/icons';
import classes from './first-steps.module.css';

const STEPS = [
  { to: '/streams', icon: 'streams', name: 'send' },
  { to: '/outputs', icon: 'outputs', name: 'restream' },
  { to: '/recordings/rules', icon: 'recordings', name: 'record' },
  { to: '/channels', icon: 'channels', name: 'play' },
  { to: '/system/https', icon: 'lock', name: 'https' },
  { to: '/system/alerts', icon: 'bell', name: 'told' },
] as const satisfies readonly { to: string; icon: IconName; name: string }[];

/** What can be begun with, while nothing is there. */
export function FirstSteps() {
  const { t } = useTranslation();
  return (
    <ul className={classes.steps} aria-label={t('home.steps.label')}>
      {STEPS.map(({ to, icon, name }) => (
        <li key={to}>
          <Link to={to} className={classes.step}>
            <Icon name={icon} size={22} />
            <span>
              <span className={classes.name}>{t(`home.steps.${name}`)}</span>
              <span className={classes.text}>{t(`home.steps.${name}Text`)}</span>
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
