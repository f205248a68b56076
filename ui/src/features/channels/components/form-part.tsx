import type { ReactNode } from 'react';
import classes from './form-part.module.css';

/** Fields of a form that belong together, under a heading. */
export function FormPart({ title, children }: { title: string; children: ReactNode }) {
  return (
    <fieldset className={classes.part}>
      <legend className={classes.title}>{title}</legend>
      <div className={classes.body}>{children}</div>
    </fieldset>
  );
}
