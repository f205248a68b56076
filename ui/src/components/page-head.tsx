import type { ReactNode } from 'react';
import classes from './page-head.module.css';

interface PageHeadProps {
  title: string;
  /** One line: is everything all right? */
  state?: string;
  actions?: ReactNode;
}

export function PageHead({ title, state, actions }: PageHeadProps) {
  return (
    <header className={classes.head}>
      <div>
        <h1 className={classes.title}>{title}</h1>
        {state && (
          <p className={classes.state} role="status">
            {state}
          </p>
        )}
      </div>
      {actions}
    </header>
  );
}
