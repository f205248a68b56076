import { useEffect, useRef } from 'react';
import classes from './log-lines.module.css';

/** The last lines of a log; stays at the end while nobody has scrolled away from it. */
export function LogLines({ label, lines, height = 280 }: { label: string; lines: string[]; height?: number }) {
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const element = box.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [lines]);
  return (
    <pre
      ref={box}
      className={classes.lines}
      style={{ maxHeight: height }}
      role="log"
      aria-label={label}
      aria-live="off"
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        atEnd.current = scrollHeight - scrollTop - clientHeight < 24;
      }}
    >
      {lines.join('\n')}
    </pre>
  );
}
