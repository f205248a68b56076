import classes from './share-bars.module.css';

export interface Share {
  key: string;
  name: string;
  value: number;
  amount: string;
}

/** Parts of a whole, the longest first as given; the bar is relative to the largest. */
export function ShareBars({ shares, none }: { shares: Share[]; none: string }) {
  const top = Math.max(1, ...shares.map(({ value }) => value));
  if (shares.length === 0) return <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{none}</p>;
  return (
    <ul className={classes.list}>
      {shares.map(({ key, name, value, amount }) => (
        <li key={key}>
          <div className={classes.head}>
            <span>{name}</span>
            <span className={classes.amount}>{amount}</span>
          </div>
          <div className={classes.bar} aria-hidden="true">
            <span style={{ width: `${(value / top) * 100}%` }} />
          </div>
        </li>
      ))}
    </ul>
  );
}
