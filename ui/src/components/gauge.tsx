import { useId, type ReactNode } from 'react';
import classes from './gauge.module.css';
import { Icon } from './icons';
import type { Tone } from './state-badge';

interface GaugeProps {
  name: string;
  /** How much it is, in words. */
  value: ReactNode;
  /** 0 to 100, the length of the bar; null: no bar. */
  percent: number | null;
  tone?: Tone;
  /** A word beside the colour, where there is one. */
  word?: string | undefined;
  /** Where on the bar something else is, 0 to 100: a forecast. */
  mark?: number | null;
  children?: ReactNode;
}

/** How much of something is used. */
export function Gauge({ name, value, percent, tone = 'ok', word, mark = null, children }: GaugeProps) {
  const id = useId();
  const within = (share: number) => Math.min(100, Math.max(0, share));
  return (
    <div className={classes.gauge} data-tone={tone}>
      <div className={classes.head}>
        <span id={id} className={classes.name}>
          {name}
        </span>
        <span className={classes.value}>{value}</span>
      </div>
      {percent !== null && (
        <div className={classes.bar} role="meter" aria-labelledby={id} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(within(percent))}>
          <div className={classes.fill} style={{ width: `${within(percent)}%` }} />
          {mark !== null && <div className={classes.mark} style={{ left: `${within(mark)}%` }} />}
        </div>
      )}
      {(word || children) && (
        <div className={classes.note}>
          {word && (
            <span className={classes.word}>
              <Icon name="warn" size={14} />
              {word}
            </span>
          )}
          {children}
        </div>
      )}
    </div>
  );
}
