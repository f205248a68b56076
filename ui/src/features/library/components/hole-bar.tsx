import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { formatClock } from '../../../lib/format';
import type { Hole, Recording } from '../../../lib/recording-types';
import classes from './hole-bar.module.css';

interface HoleBarProps {
  recording: Recording;
  onSeek: (ms: number) => void;
}

/** So long before a hole, to see how it comes. */
const LEAD_MS = 3_000;
const SHOWN = 20;

/** The whole length of a recording as a line, with what is missing marked on it and told below. */
export function HoleBar({ recording: { holes, duration_ms, state }, onSeek }: HoleBarProps) {
  const { t } = useTranslation();
  const before = ({ at_ms }: Hole) => onSeek(Math.max(0, at_ms - LEAD_MS));
  if (holes.length === 0) {
    return <p className={classes.whole}>{t(state === 'recording' ? 'recordings.holes.noneYet' : 'recordings.holes.none')}</p>;
  }
  return (
    <section className={classes.holes} aria-label={t('recordings.holes.title')}>
      <div className={classes.bar} aria-hidden="true">
        {holes.map((hole) => (
          <i
            key={`${hole.at_ms}-${hole.reason}`}
            data-reason={hole.reason}
            style={{
              left: `${duration_ms > 0 ? Math.min(100, (100 * hole.at_ms) / duration_ms) : 0}%`,
              width: `${duration_ms > 0 ? Math.min(100, (100 * hole.missing_ms) / duration_ms) : 0}%`,
            }}
          />
        ))}
      </div>
      <ul className={classes.list}>
        {holes.slice(0, SHOWN).map((hole) => (
          <li key={`${hole.at_ms}-${hole.reason}`}>
            <button type="button" className={classes.at} onClick={() => before(hole)} aria-label={t('recordings.holes.show', { at: formatClock(hole.at_ms / 1000) })}>
              {formatClock(hole.at_ms / 1000)}
            </button>
            <span title={hole.detail || undefined}>{worded(hole, t)}</span>
          </li>
        ))}
      </ul>
      {holes.length > SHOWN && <p className={classes.whole}>{t('recordings.holes.more', { count: holes.length - SHOWN })}</p>}
    </section>
  );
}

function worded({ missing_ms, reason }: Hole, t: TFunction): string {
  return t(`recordings.holes.${reason}`, { time: (missing_ms / 1000).toFixed(missing_ms < 10_000 ? 1 : 0) });
}
