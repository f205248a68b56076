import { useTranslation } from 'react-i18next';
import { Icon } from '../../../components/icons';
import type { Output, OutputPreset } from '../../../lib/ffmpeg-types';
import { adviceText } from '../advice-words';
import classes from './output-card.module.css';

interface OutputAdviceProps {
  output: Output;
  preset: OutputPreset | undefined;
  /** The platform as people call it. */
  platform: string;
}

/** What the platform may not like about the picture and its sound. */
export function OutputAdvice({ output, preset, platform }: OutputAdviceProps) {
  const { t } = useTranslation();
  if (output.advice.length === 0 || output.state === 'off') return null;
  return (
    <ul className={classes.advice} aria-label={t('outputs.advice.title')}>
      {output.advice.map((one) => {
        const { message, help } = adviceText(one, output, preset, platform, t);
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
