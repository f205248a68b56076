import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import type { Output } from '../../../lib/ffmpeg-types';
import { adviceText } from '../advice-words';
import classes from './output-card.module.css';

/** What the platform may not like about the picture and its sound. */
export function OutputAdvice({ advice }: { advice: Output['advice'] }) {
  const { t } = useTranslation();
  if (advice.length === 0) return null;
  return (
    <ul className={classes.advice} aria-label={t('outputs.advice.title')}>
      {advice.map((one) => {
        const { message, help } = adviceText(one, t);
        return (
          <li key={one.key} data-tone={one.level === 'warning' ? 'warn' : 'idle'}>
            <Icon name={one.level === 'warning' ? 'warn' : 'info'} size={15} />
            <span>
              {message} {help}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
