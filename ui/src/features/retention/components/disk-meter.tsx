import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { Loaded } from '../../../components/loaded';
import { Notice } from '../../../components/notice';
import { StateBadge, type Tone } from '../../../components/state-badge';
import { formatBytes } from '../../../lib/format';
import { diskQuery, retentionQuery } from '../../../lib/recording-queries';
import { useRecordingsFeed } from '../../../lib/recordings-feed';
import type { Disk } from '../../../lib/recording-types';
import classes from './disk-meter.module.css';

const TONES: Record<Disk['level'], Tone> = { ok: 'ok', low: 'warn', critical: 'error' };

/** How full the disk is, until when it lasts, and what is stopped because of it. */
export function DiskMeter() {
  const { t } = useTranslation();
  const asked = useQuery(diskQuery);
  const live = useRecordingsFeed().disk;
  return (
    <Card title={t('retention.disk.title')}>
      <Loaded query={asked} rows={3}>
        {(data) => <Meter disk={live ?? data} />}
      </Loaded>
    </Card>
  );
}

function Meter({ disk }: { disk: Disk }) {
  const { t } = useTranslation();
  const retention = useQuery(retentionQuery).data;
  const { total_bytes, free_bytes, free_percent, level, stopped } = disk;
  const share = (bytes: number) => `${total_bytes > 0 ? (100 * bytes) / total_bytes : 0}%`;
  const other = Math.max(0, total_bytes - free_bytes - disk.record_bytes - disk.spool_bytes);
  const marks = retention ? ([['warn', retention.warn_percent], ['stop', retention.stop_percent]] as const) : [];
  const parts = [
    { name: 'record', bytes: disk.record_bytes },
    { name: 'spool', bytes: disk.spool_bytes },
    { name: 'other', bytes: other },
    { name: 'free', bytes: free_bytes },
  ] as const;
  return (
    <>
      <div className={classes.head}>
        <p className={classes.free}>
          {t('retention.disk.free', { size: formatBytes(free_bytes), percent: formatPercent(free_percent) })}
        </p>
        <StateBadge tone={TONES[level]} word={t(`retention.disk.levels.${level}`)} />
      </div>
      <div
        className={classes.bar}
        role="meter"
        aria-label={t('retention.disk.used')}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(100 - free_percent)}
        aria-valuetext={t('retention.disk.usedText', { percent: formatPercent(100 - free_percent), size: formatBytes(total_bytes) })}
      >
        {parts.slice(0, 3).map(({ name, bytes }) => (
          <div key={name} className={classes.part} data-part={name} style={{ width: share(bytes) }} />
        ))}
        {marks.map(([name, percent]) => (
          <div key={name} className={classes.mark} data-mark={name} style={{ left: `${100 - percent}%` }} title={t(`retention.disk.marks.${name}`, { percent })} />
        ))}
      </div>
      <ul className={classes.legend}>
        {parts.map(({ name, bytes }) => (
          <li key={name}>
            <span className={classes.dot} data-part={name} aria-hidden="true" />
            {t(`retention.disk.parts.${name}`)} {formatBytes(bytes)}
          </li>
        ))}
      </ul>
      <p className={classes.text}>{lasting(disk, t)}</p>
      {stopped.length > 0 && (
        <Notice tone={level === 'critical' ? 'error' : 'warn'} role="alert" title={t('retention.disk.stopped')}>
          <ul className={classes.stopped}>
            {stopped.map((work) => (
              <li key={work}>{t(`retention.disk.work.${work}`)}</li>
            ))}
          </ul>
          <p>{t('retention.disk.stoppedText')}</p>
        </Notice>
      )}
    </>
  );
}

function lasting({ full_in_days: days }: Disk, t: TFunction): string {
  if (days === null) return t('retention.disk.lasts');
  if (days < 1) return t('retention.disk.fullToday');
  return t('retention.disk.fullIn', { count: Math.floor(days) });
}

function formatPercent(percent: number): string {
  return percent < 10 ? percent.toFixed(1) : String(Math.round(percent));
}
