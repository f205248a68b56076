import { useTranslation } from 'react-i18next';
import { DataTable, type Column } from '../../../components/data-table';
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
  const { t, i18n } = useTranslation();
  const serverNow = useNow() + clockOffsetMs;
  const word = (part: 'services' | 'states', key: string, otherwise: string) =>
    t(`system.${part}.${key}` as 'system.services.redis', { defaultValue: otherwise });
  const columns: Column<Service>[] = [
    {
      key: 'name',
      head: t('system.service'),
      kind: 'main',
      cell: (service) => (
        <>
          <div className={classes.name}>{service.name}</div>
          <div className={classes.what}>{word('services', service.name, '')}</div>
        </>
      ),
    },
    {
      key: 'state',
      head: t('system.state'),
      cell: (service) => (
        <StateBadge
          tone={serviceTone(service.state)}
          word={word('states', service.state, service.state)}
          reason={service.detail || undefined}
          stale={stale}
        />
      ),
    },
    {
      key: 'since',
      head: t('system.since'),
      cell: (service) => (
        <span className={classes.number} title={formatDateTime(service.since_ms, i18n.language)}>
          {formatSeconds((serverNow - service.since_ms) / 1000)}
        </span>
      ),
    },
    { key: 'restarts', head: t('system.restarts'), cell: (service) => service.restarts },
    { key: 'pid', head: t('system.pid'), cell: (service) => service.pid ?? '–' },
  ];
  return (
    <DataTable label={t('system.servicesTitle')} columns={columns} rows={services} rowKey={(service) => service.name} faded={() => stale} />
  );
}
