import { Menu } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { DataTable, type Column } from '../../../components/data-table';
import { Icon } from '../../../components/icons';
import { RowMenu } from '../../../components/row-menu';
import { StateBadge } from '../../../components/state-badge';
import { TimeAgo } from '../../../components/time-ago';
import { apiUrl } from '../../../lib/api-client';
import { formatBytes, formatDateTime } from '../../../lib/format';
import type { Backup } from '../../../lib/house-types';

export type BackupTask = 'restore' | 'remove';

interface BackupsTableProps {
  backups: Backup[];
  /** Something is being done: nothing else can begin. */
  busy: boolean;
  onTask: (task: BackupTask, backup: Backup) => void;
}

export function BackupsTable({ backups, busy, onTask }: BackupsTableProps) {
  const { t, i18n } = useTranslation();
  const columns: Column<Backup>[] = [
    {
      key: 'at',
      head: t('backup.at'),
      kind: 'main',
      compare: (a, b) => b.at_ms - a.at_ms,
      cell: ({ at_ms }) => (
        <>
          <div style={{ fontWeight: 550 }}>{formatDateTime(at_ms, i18n.language)}</div>
          <div style={{ color: 'var(--ss-dim)', fontSize: 12 }}>
            <TimeAgo ms={at_ms} />
          </div>
        </>
      ),
    },
    { key: 'size', head: t('backup.size'), compare: (a, b) => a.bytes - b.bytes, cell: ({ bytes }) => formatBytes(bytes) },
    { key: 'what', head: t('backup.holds'), cell: ({ recordings }) => t(recordings ? 'backup.withMedia' : 'backup.withoutMedia') },
    { key: 'where', head: t('backup.where'), cell: ({ where }) => t(`backup.places.${where}`) },
    {
      key: 'safe',
      head: t('backup.state'),
      cell: ({ verified, encrypted }) => (
        <StateBadge
          tone={!verified ? 'error' : encrypted ? 'ok' : 'warn'}
          word={t(!verified ? 'backup.unverified' : encrypted ? 'backup.locked' : 'backup.open')}
          reason={t(!verified ? 'backup.unverifiedWhy' : encrypted ? 'backup.lockedWhy' : 'backup.openWhy')}
        />
      ),
    },
    { key: 'version', head: t('backup.version'), cell: ({ version }) => version },
    {
      key: 'actions',
      head: t('backup.actions'),
      kind: 'actions',
      cell: (backup) => (
        <RowMenu label={t('backup.actionsFor', { date: formatDateTime(backup.at_ms, i18n.language) })}>
          <Menu.Item component="a" href={`${apiUrl('mgmt/backup/download')}?id=${encodeURIComponent(backup.id)}`} download leftSection={<Icon name="download" />}>
            {t('backup.download')}
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="back" />} disabled={busy} onClick={() => onTask('restore', backup)}>
            {t('backup.restore.open')}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<Icon name="trash" />} color="var(--ss-error)" onClick={() => onTask('remove', backup)}>
            {t('backup.remove.open')}
          </Menu.Item>
        </RowMenu>
      ),
    },
  ];
  return <DataTable label={t('backup.title')} columns={columns} rows={backups} rowKey={({ id }) => id} step={20} />;
}
