import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { formatBytes, formatSeconds } from '../lib/format';
import classes from './progress-row.module.css';
import { StateBadge, type Tone } from './state-badge';

interface ProgressRowProps {
  name: ReactNode;
  /** Names the bar for screen readers. */
  label: string;
  tone: Tone;
  word: string;
  reason?: string | undefined;
  doneBytes: number;
  totalBytes: number;
  /** Bytes a second; null or 0: nothing moves. */
  speedBps?: number | null;
  /** Seconds. */
  leftS?: number | null;
  /** More facts beside bytes and speed. */
  facts?: ReactNode;
  actions?: ReactNode;
  /** Below: what went wrong or what to do. */
  children?: ReactNode;
}

/** Something on its way: how far, how fast, how long still. An item of a list. */
export function ProgressRow({ name, label, tone, word, reason, doneBytes, totalBytes, speedBps, leftS, facts, actions, children }: ProgressRowProps) {
  const { t } = useTranslation();
  const percent = totalBytes > 0 ? Math.min(100, Math.floor((100 * doneBytes) / totalBytes)) : 0;
  return (
    <li className={classes.row} data-tone={tone}>
      <div className={classes.head}>
        <div className={classes.name}>{name}</div>
        <StateBadge tone={tone} word={word} reason={reason} />
        {actions && <div className={classes.actions}>{actions}</div>}
      </div>
      <div className={classes.bar} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
        <div className={classes.fill} style={{ width: `${percent}%` }} />
      </div>
      <div className={classes.facts}>
        <span>{percent} %</span>
        <span>{t('progress.of', { done: formatBytes(doneBytes), total: formatBytes(totalBytes) })}</span>
        {speedBps != null && speedBps > 0 && <span>{formatBytes(speedBps)}/s</span>}
        {leftS != null && <span>{t('progress.left', { time: formatSeconds(leftS) })}</span>}
        {facts}
      </div>
      {children && <div className={classes.note}>{children}</div>}
    </li>
  );
}
