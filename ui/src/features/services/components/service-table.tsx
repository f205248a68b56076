import { useTranslation } from 'react-i18next';
import { DataTable, type Column } from '../../../components/data-table';
import type { HouseService } from '../../../lib/house-types';
import { formatBytes, formatDateTime, formatSeconds } from '../../../lib/format';
import { useServerNow } from '../../../lib/use-server-now';
import { serviceWord } from '../service-words';
import { ServiceBadge } from './service-badge';
import classes from './service-table.module.css';

interface ServiceTableProps {
  services: HouseService[];
  /** The connection is gone: what is shown may no longer be true. */
  stale: boolean;
  onOpen: (name: string) => void;
}

export function ServiceTable({ services, stale, onOpen }: ServiceTableProps) {
  const { t, i18n } = useTranslation();
  const serverNow = useServerNow();
  const columns: Column<HouseService>[] = [
    {
      key: 'name',
      head: t('system.service'),
      kind: 'main',
      cell: ({ name }) => (
        <>
          <button type="button" className={classes.name} onClick={() => onOpen(name)}>
            {name}
          </button>
          <div className={classes.what}>{serviceWord('services', name, '', t)}</div>
        </>
      ),
    },
    { key: 'state', head: t('system.state'), cell: (service) => <ServiceBadge of={service} /> },
    {
      key: 'since',
      head: t('system.since'),
      compare: (a, b) => b.since_ms - a.since_ms,
      cell: ({ since_ms }) => (
        <span className={classes.number} title={formatDateTime(since_ms, i18n.language)}>
          {formatSeconds((serverNow - since_ms) / 1000)}
        </span>
      ),
    },
    { key: 'restarts', head: t('system.restarts'), compare: (a, b) => a.restarts - b.restarts, cell: ({ restarts }) => restarts },
    {
      key: 'cpu',
      head: t('services.cpu'),
      compare: (a, b) => (a.cpu_percent ?? -1) - (b.cpu_percent ?? -1),
      cell: ({ cpu_percent }) => <span className={classes.number}>{percentText(cpu_percent)}</span>,
    },
    {
      key: 'memory',
      head: t('services.memory'),
      compare: (a, b) => (a.memory_bytes ?? -1) - (b.memory_bytes ?? -1),
      cell: ({ memory_bytes }) => <span className={classes.number}>{memory_bytes === null ? '–' : formatBytes(memory_bytes)}</span>,
    },
    { key: 'version', head: t('services.version'), cell: ({ version }) => <span className={classes.version}>{version || '–'}</span> },
  ];
  return (
    <DataTable
      label={t('system.servicesTitle')}
      columns={columns}
      rows={services}
      rowKey={({ name }) => name}
      faded={({ enabled }) => stale || !enabled}
    />
  );
}

export function percentText(percent: number | null): string {
  return percent === null ? '–' : `${percent.toFixed(1)} %`;
}
