import { useTranslation } from 'react-i18next';
import type { Channel } from '../../../lib/ffmpeg-types';
import { formatClock } from '../../../lib/format';
import { usePosition } from '../use-position';
import classes from './now-playing.module.css';

/** What a channel plays, and how far it is. */
export function NowPlaying({ channel }: { channel: Channel }) {
  const { t } = useTranslation();
  const position = usePosition(channel);
  const { now, items } = channel;
  if (!now || position === null) return null;
  const length = items[now.index]?.duration_ms ?? 0;
  const at = length > 0 ? Math.min(position, length) : position;
  return (
    <div className={classes.now}>
      <span className={classes.name} title={now.name}>
        {items.length > 1 && <span className={classes.number}>{t('channels.row.playing', { number: now.index + 1, total: items.length })}</span>}
        {now.name}
      </span>
      <span className={classes.time}>
        {formatClock(at / 1000)}
        {length > 0 && ` / ${formatClock(length / 1000)}`}
      </span>
      {length > 0 && (
        <div
          className={classes.bar}
          role="progressbar"
          aria-label={t('channels.row.position', { name: now.name })}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.floor((100 * at) / length)}
        >
          <div className={classes.fill} style={{ width: `${(100 * at) / length}%` }} />
        </div>
      )}
    </div>
  );
}
