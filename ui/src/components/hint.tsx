import type { ReactNode } from 'react';
import classes from './hint.module.css';

interface HintProps {
  text: string;
  /** Which edge the bubble shares with what it explains. */
  align?: 'start' | 'end';
  /** For aria-describedby; without it the bubble only repeats a name and is hidden from screen readers. */
  id?: string;
  children: ReactNode;
}

/** Words on hover and focus, by CSS alone: a positioning library would cost 20 kB before the first screen. */
export function Hint({ text, align = 'end', id, children }: HintProps) {
  return (
    <span className={classes.anchor} data-align={align}>
      {children}
      <span className={classes.bubble} id={id} role={id ? 'tooltip' : undefined} aria-hidden={id ? undefined : true}>
        {text}
      </span>
    </span>
  );
}
