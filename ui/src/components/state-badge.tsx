import { useId } from 'react';
import { Hint } from './hint';
import classes from './state-badge.module.css';

export type Tone = 'ok' | 'warn' | 'error' | 'idle';

interface StateBadgeProps {
  tone: Tone;
  word: string;
  /** Why it is so; shown on hover and focus. */
  reason?: string | undefined;
  /** Old evidence: no colour. */
  stale?: boolean;
}

/** A state as dot, word and colour: never colour alone. */
export function StateBadge({ tone, word, reason, stale = false }: StateBadgeProps) {
  const id = useId();
  const badge = (
    <span
      className={classes.badge}
      data-tone={tone}
      data-stale={stale || undefined}
      tabIndex={reason ? 0 : undefined}
      aria-describedby={reason ? id : undefined}
    >
      <span className={classes.dot} aria-hidden="true" />
      {word}
    </span>
  );
  return reason ? (
    <Hint text={reason} align="start" id={id}>
      {badge}
    </Hint>
  ) : (
    badge
  );
}
