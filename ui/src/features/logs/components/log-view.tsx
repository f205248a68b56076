import { useMediaQuery } from '@mantine/hooks';
import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { LogEntry } from '../../../lib/monitor-types';
import { useNow } from '../../../lib/use-now';
import classes from './log-view.module.css';

const ROW = 22;
// Two lines each on a phone.
const TALL_ROW = 42;
const SPARE = 8;
const AT_END = 30;
/** Which part of our code said it: in the line in full only. */
const DETAIL = 'module';

interface LogViewProps {
  lines: LogEntry[];
  /** Stay at the newest line. */
  following: boolean;
  onFollowing: (following: boolean) => void;
  onOpen: (line: LogEntry) => void;
  /** Above the first line. */
  head: ReactNode;
}

/** Lines in a frame that scrolls; only those in sight are made, so thousands of them cost no more than thirty. */
export function LogView({ lines, following, onFollowing, onOpen, head }: LogViewProps) {
  const { t, i18n } = useTranslation();
  const narrow = useMediaQuery('(max-width: 40em)') ?? false;
  const row = narrow ? TALL_ROW : ROW;
  const frame = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const before = useRef(lines);
  const time = new Intl.DateTimeFormat(i18n.language, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
  const day = new Intl.DateTimeFormat(i18n.language, { month: 'short', day: 'numeric' });
  const today = day.format(useNow(60_000));

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const resize = new ResizeObserver(() => setView((now) => ({ ...now, height: element.clientHeight })));
    resize.observe(element);
    return () => resize.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    if (following) element.scrollTop = element.scrollHeight;
    // What was in sight stays there when lines come or go in front of it.
    else element.scrollTop += movedBy(before.current, lines) * row;
    before.current = lines;
  }, [lines, following, row]);

  const first = Math.max(0, Math.floor(view.top / row) - SPARE);
  const last = Math.min(lines.length, Math.ceil((view.top + view.height) / row) + SPARE);
  return (
    <div
      ref={frame}
      className={classes.frame}
      role="log"
      aria-label={t('logs.label')}
      aria-live="off"
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        setView({ top: scrollTop, height: clientHeight });
        const atEnd = scrollHeight - scrollTop - clientHeight < AT_END;
        if (atEnd !== following) onFollowing(atEnd);
      }}
    >
      <div className={classes.head}>{head}</div>
      <div className={classes.lines} style={{ height: lines.length * row }}>
        {lines.slice(first, last).map((line, at) => {
          const date = day.format(line.at_ms);
          return (
            <button
              key={line.id}
              type="button"
              className={classes.line}
              data-level={line.level}
              style={{ top: (first + at) * row, height: row }}
              onClick={() => onOpen(line)}
            >
              <time className={classes.time} dateTime={new Date(line.at_ms).toISOString()}>
                {date === today ? '' : `${date} `}
                {time.format(line.at_ms)}
              </time>
              <span className={classes.level}>{t(`logs.levels.${line.level}`)}</span>
              <span className={classes.service}>{line.service}</span>
              <span className={classes.text}>
                {line.text}
                <Facts fields={line.fields} />
              </span>
            </button>
          );
        })}
      </div>
    </div>
  );
}

function Facts({ fields }: { fields: LogEntry['fields'] }) {
  return Object.entries(fields)
    .filter(([name]) => name !== DETAIL)
    .map(([name, value]) => (
      <span key={name} className={classes.fact}>
        {' '}
        {name}={typeof value === 'string' ? value : JSON.stringify(value)}
      </span>
    ));
}

/** How many lines have come in front of those that are still there; negative: have gone. */
function movedBy(before: LogEntry[], now: LogEntry[]): number {
  const [was, is] = [before[0]?.id, now[0]?.id];
  if (was === undefined || is === undefined || was === is) return 0;
  const came = now.findIndex(({ id }) => id === was);
  return came >= 0 ? came : -Math.max(0, before.findIndex(({ id }) => id === is));
}
