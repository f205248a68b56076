import type { ReactNode } from 'react';
import classes from './key-value.module.css';

export interface Fact {
  name: string;
  value: ReactNode;
  unit?: string | undefined;
  title?: string | undefined;
  /** Behind the value, as a small graph. */
  after?: ReactNode;
}

/** Names and values side by side, as many columns as fit. */
export function KeyValue({ facts }: { facts: Fact[] }) {
  return (
    <dl className={classes.list}>
      {facts.map((fact) => (
        <div key={fact.name} title={fact.title}>
          <dt className={classes.key}>{fact.name}</dt>
          <dd className={classes.value}>
            {fact.value}
            {fact.unit && <span className={classes.unit}>{fact.unit}</span>}
            {fact.after}
          </dd>
        </div>
      ))}
    </dl>
  );
}
