import type { ReactNode } from 'react';
import { Icon, type IconName } from './icons';
import classes from './notice.module.css';
import type { Tone } from './state-badge';

const ICONS: Record<Tone, IconName> = { ok: 'check', warn: 'warn', error: 'error', idle: 'info' };

interface NoticeProps {
  tone: Tone;
  title?: string;
  /** `alert` interrupts a screen reader, `status` waits. */
  role?: 'alert' | 'status';
  children?: ReactNode;
}

/** A word aside: icon, text and colour together. */
export function Notice({ tone, title, role, children }: NoticeProps) {
  return (
    <div className={classes.notice} data-tone={tone} role={role}>
      <span className={classes.icon}>
        <Icon name={ICONS[tone]} />
      </span>
      <div className={classes.body}>
        {title && <p className={classes.title}>{title}</p>}
        {children}
      </div>
    </div>
  );
}
