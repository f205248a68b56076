import { Link } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { Gauge } from '../../../components/gauge';
import { TrafficGauge } from '../../../components/traffic-gauge';
import type { Tone } from '../../../components/state-badge';
import { formatBytes, formatMbps } from '../../../lib/format';
import { STALE_AFTER_MS } from '../../../lib/freshness';
import type { Dashboard } from '../../../lib/monitor-types';
import { useServerNow } from '../../../lib/use-server-now';
import classes from './gauges-card.module.css';

/** From here on a share is much, and too much: as the alerts have it by default. */
const MUCH: { warn: number; error: number } = { warn: 90, error: 95 };

/** How busy the machine is, now. */
export function GaugesCard({ summary }: { summary: Dashboard }) {
  const { t } = useTranslation();
  const stale = useServerNow() - summary.at_ms > STALE_AFTER_MS;
  const { cpu_percent, cores, load1, memory, swap, disks, network, traffic, uptime_s } = summary;
  return (
    <Card
      title={t('home.machine')}
      aside={
        <Link to="/system/monitoring" className={classes.more}>
          {t('home.graphs')}
        </Link>
      }
    >
      <div className={classes.list} data-stale={stale || undefined}>
        <Gauge name={t('home.cpu')} value={`${Math.round(cpu_percent)} %`} percent={cpu_percent} {...judged(cpu_percent, t('home.busy'))}>
          {t('home.load', { count: cores, load: load1.toFixed(1) })}
        </Gauge>
        <Used name={t('home.memory')} {...memory} word={t('home.nearlyFull')} />
        {swap.total_bytes > 0 && swap.used_bytes / swap.total_bytes > 0.1 && <Used name={t('home.swap')} {...swap} word={t('home.busy')} />}
        {disks.map((disk) => (
          <Used key={disk.path} name={disks.length > 1 ? t('home.diskAt', { path: disk.path }) : t('home.disk')} {...disk} word={t('home.nearlyFull')}>
            {fullIn(disk.full_in_days, t)}
          </Used>
        ))}
        <Gauge
          name={network.interface === '' ? t('home.network') : t('home.networkAt', { interface: network.interface })}
          value={t('home.rates', { out: formatMbps(network.tx_bps / 1000), in: formatMbps(network.rx_bps / 1000) })}
          percent={null}
        />
        <TrafficGauge traffic={traffic} />
        <Gauge name={t('home.uptime')} value={uptime(uptime_s, t)} percent={null} />
      </div>
    </Card>
  );
}

function judged(percent: number, word: string): { tone: Tone; word?: string } {
  if (percent >= MUCH.error) return { tone: 'error', word };
  return percent >= MUCH.warn ? { tone: 'warn', word } : { tone: 'ok' };
}

interface UsedProps {
  name: string;
  used_bytes: number;
  total_bytes: number;
  word: string;
  children?: string | null;
}

function Used({ name, used_bytes, total_bytes, word, children }: UsedProps) {
  const { t } = useTranslation();
  const percent = total_bytes > 0 ? (100 * used_bytes) / total_bytes : 0;
  return (
    <Gauge name={name} value={t('progress.of', { done: formatBytes(used_bytes), total: formatBytes(total_bytes) })} percent={percent} {...judged(percent, word)}>
      {children}
    </Gauge>
  );
}

function fullIn(days: number | null, t: TFunction): string | null {
  if (days === null) return null;
  if (days < 1) return t('home.fullToday');
  return t('home.fullIn', { count: Math.floor(days) });
}

function uptime(seconds: number, t: TFunction): string {
  const hours = Math.floor(seconds / 3600);
  if (hours >= 48) return t('home.days', { count: Math.floor(hours / 24) });
  if (hours >= 1) return t('home.hours', { count: hours });
  return t('home.minutes', { count: Math.floor(seconds / 60) });
}
