import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Gauge } from './gauge';
import { formatBytes } from '../lib/format';
import type { Traffic } from '../lib/monitor-types';

interface TrafficGaugeProps {
  traffic: Traffic;
  /** Lead to where the quota is set. */
  linked?: boolean;
}

/** What of the month's traffic is used, and what it will come to. */
export function TrafficGauge({ traffic, linked = true }: TrafficGaugeProps) {
  const { t, i18n } = useTranslation();
  const { used_bytes: used, quota_bytes: quota, forecast_bytes: forecast, resets_on } = traffic;
  const day = new Intl.DateTimeFormat(i18n.language, { month: 'short', day: 'numeric', timeZone: 'UTC' }).format(Date.parse(resets_on));
  const settings = linked && (
    <Link to="/system/monitoring" hash="traffic">
      {t(quota === null ? 'traffic.setQuota' : 'traffic.changeQuota')}
    </Link>
  );
  if (quota === null) {
    return (
      <Gauge name={t('traffic.month')} value={formatBytes(used)} percent={null}>
        {settings}
      </Gauge>
    );
  }
  const share = (bytes: number) => (100 * bytes) / quota;
  const over = share(used) >= 100;
  const tight = share(used) >= 80 || (forecast !== null && forecast > quota);
  return (
    <Gauge
      name={t('traffic.month')}
      value={t('progress.of', { done: formatBytes(used), total: formatBytes(quota) })}
      percent={share(used)}
      mark={forecast === null ? null : share(forecast)}
      tone={over ? 'error' : tight ? 'warn' : 'ok'}
      word={over ? t('traffic.quotaOver') : tight ? t('traffic.quotaTight') : undefined}
    >
      {forecast !== null && <span>{t('traffic.forecast', { size: formatBytes(forecast) })}</span>}
      <span>{t('traffic.resetsOn', { day })}</span>
      {settings}
    </Gauge>
  );
}
