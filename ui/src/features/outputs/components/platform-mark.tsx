import { platformMark } from '../platform-words';
import classes from './platform-mark.module.css';

/** Decoration: the name stands beside it. */
export function PlatformMark({ platform, name }: { platform: string; name: string }) {
  const { letters, colour } = platformMark(platform, name);
  return (
    <span className={classes.mark} style={{ background: colour }} data-letters={letters.length} aria-hidden="true">
      {letters}
    </span>
  );
}
