import type { ReactNode } from 'react';
import classes from './empty-state.module.css';
import { Icon, type IconName } from './icons';

interface EmptyStateProps {
  icon: IconName;
  title: string;
  text: string;
  /** The button that changes it. */
  action?: ReactNode;
  /** A way on, set apart below the text. */
  children?: ReactNode;
}

/** Nothing here yet, and how to change that. */
export function EmptyState({ icon, title, text, action, children }: EmptyStateProps) {
  return (
    <div className={classes.empty}>
      <span className={classes.icon}>
        <Icon name={icon} size={30} />
      </span>
      <h2 className={classes.title}>{title}</h2>
      <p className={classes.text}>{text}</p>
      {action && <div className={classes.action}>{action}</div>}
      {children && <div className={classes.more}>{children}</div>}
    </div>
  );
}
