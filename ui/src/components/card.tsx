import { useId, type ReactNode } from 'react';
import classes from './card.module.css';

interface CardProps {
  title?: string;
  /** Beside the title. */
  aside?: ReactNode;
  /** Off when a picture goes to the edges. */
  padded?: boolean;
  label?: string;
  children: ReactNode;
}

/** A surface that groups what belongs together; a region by its title for screen readers. */
export function Card({ title, aside, padded = true, label, children }: CardProps) {
  const id = useId();
  return (
    <section
      className={padded ? `${classes.card} ${classes.padded}` : classes.card}
      aria-labelledby={title ? id : undefined}
      aria-label={title ? undefined : label}
    >
      {title && (
        <header className={classes.head}>
          <h2 id={id} className={classes.title}>
            {title}
          </h2>
          {aside}
        </header>
      )}
      {children}
    </section>
  );
}
