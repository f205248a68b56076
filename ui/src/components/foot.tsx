import { useQuery } from '@tanstack/react-query';
import { FILINGS } from '../lib/filings';
import { footQuery } from '../lib/foot';
import classes from './foot.module.css';

/** The numbers of filings, where the operator has to show them. */
export function Foot() {
  const { data } = useQuery(footQuery);
  const shown = FILINGS.filter(({ name }) => data?.[name]);
  if (shown.length === 0) return null;
  return (
    <footer className={classes.foot}>
      {shown.map(({ name, href }) => (
        <a key={name} className={classes.link} href={href} target="_blank" rel="noreferrer">
          {data?.[name]}
        </a>
      ))}
    </footer>
  );
}
