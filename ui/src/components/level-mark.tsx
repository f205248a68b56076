import { useTranslation } from 'react-i18next';
import { Icon, type IconName } from './icons';
import classes from './level-mark.module.css';

const ICONS = { critical: 'error', warning: 'warn', info: 'info' } as const satisfies Record<string, IconName>;

/** How bad something is: icon, word and colour. */
export function LevelMark({ level }: { level: keyof typeof ICONS }) {
  const { t } = useTranslation();
  return (
    <span className={classes.mark} data-level={level}>
      <Icon name={ICONS[level]} size={15} />
      {t(`levels.${level}`)}
    </span>
  );
}
