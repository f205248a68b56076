import { useTranslation } from 'react-i18next';
import { StateBadge } from '../../../components/state-badge';
import type { Service } from '../../../lib/api-types';
import { formatDateTime, formatSeconds } from '../../../lib/format';
import { useNow } from '../../../lib/use-now';
import { serviceTone } from '../service-tone';
import classes from './service-table.module.css';

interface ServiceTableProps {
  services: Service[];
  clockOffsetMs: number;
  /** The connection is gone: what is shown may no longer be true. */
  stale: boolean;
}

export function ServiceTable({ services, clockOffsetMs, stale }: ServiceTableProps) {
  const { t } = useTranslation();
  return (
    <table className={stale ? `${classes.table} ${classes.stale}` : classes.table}>
      <thead>
        <tr>
          <th scope="col">{t('system.service')}</th>
          <th scope="col">{t('system.state')}</th>
          <th scope="col">{t('system.since')}</th>
          <th scope="col">{t('system.restarts')}</th>
          <th scope="col">{t('system.pid')}</th>
        </tr>
      </thead>
      <tbody>
        {services.map((service) => (
          <ServiceRow key={service.name} service={service} clockOffsetMs={clockOffsetMs} stale={stale} />
        ))}
      </tbody>
    </table>
  );
}

function ServiceRow({ service, clockOffsetMs, stale }: { service: Service; clockOffsetMs: number; stale: boolean }) {
  const { t, i18n } = useTranslation();
  const serverNow = useNow() + clockOffsetMs;
  const text = (part: 'services' | 'states', key: string) => t(`system.${part}.${key}` as 'system.services.redis', { defaultValue: key });
  return (
    <tr>
      <td>
        <div className={classes.name}>{service.name}</div>
        <div className={classes.what}>{t(`system.services.${service.name}` as 'system.services.redis', { defaultValue: '' })}</div>
      </td>
      <td>
        <StateBadge tone={serviceTone(service.state)} word={text('states', service.state)} reason={service.detail || undefined} stale={stale} align="end" />
      </td>
      <td className={classes.number} data-label={t('system.since')} title={formatDateTime(service.since_ms, i18n.language)}>
        {formatSeconds((serverNow - service.since_ms) / 1000)}
      </td>
      <td className={classes.number} data-label={t('system.restarts')}>
        {service.restarts}
      </td>
      <td className={classes.number} data-label={t('system.pid')}>
        {service.pid ?? '–'}
      </td>
    </tr>
  );
}
