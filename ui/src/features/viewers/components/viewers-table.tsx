import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { DataTable, type Column } from '../../../components/data-table';
import { TimeAgo } from '../../../components/time-ago';
import type { Viewer } from '../../../lib/api-types';
import { formatBytes } from '../../../lib/format';
import { agentName } from '../agent-name';
import { protocolName } from '../protocol-name';
import { KickViewer } from './kick-viewer';
import classes from './viewers.module.css';

export function ViewersTable({ viewers }: { viewers: Viewer[] }) {
  const { t } = useTranslation();
  const columns: Column<Viewer>[] = [
    {
      key: 'address',
      head: t('viewers.address'),
      kind: 'main',
      compare: (a, b) => a.ip.localeCompare(b.ip, undefined, { numeric: true }),
      cell: (viewer) => <span className={classes.address}>{viewer.ip}</span>,
    },
    {
      key: 'protocol',
      head: t('viewers.protocol'),
      compare: (a, b) => a.protocol.localeCompare(b.protocol),
      cell: (viewer) => protocolName(viewer.protocol),
    },
    { key: 'since', head: t('viewers.since'), compare: (a, b) => a.since_ms - b.since_ms, cell: (viewer) => <TimeAgo ms={viewer.since_ms} /> },
    {
      key: 'agent',
      head: t('viewers.agent'),
      cell: (viewer) => (
        <span className={classes.agent} title={viewer.user_agent}>
          {agentName(viewer.user_agent) ?? (viewer.user_agent || t('viewers.noAgent'))}
        </span>
      ),
    },
    {
      key: 'bytes',
      head: t('viewers.bytes'),
      compare: (a, b) => (a.send_bytes ?? 0) - (b.send_bytes ?? 0),
      cell: (viewer) => (viewer.send_bytes === null ? '–' : formatBytes(viewer.send_bytes)),
    },
    { key: 'pass', head: t('viewers.pass'), cell: (viewer) => passName(viewer, t) },
    { key: 'actions', head: t('viewers.actions'), kind: 'actions', cell: (viewer) => <KickViewer viewer={viewer} /> },
  ];
  return <DataTable label={t('viewers.title')} columns={columns} rows={viewers} rowKey={(viewer) => viewer.client_id} />;
}

function passName({ pass_id, pass_label }: Viewer, t: TFunction): string {
  if (pass_label !== null) return pass_label;
  if (pass_id === '') return t('viewers.noPass');
  if (pass_id === 'operator') return t('viewers.operator');
  if (pass_id.startsWith('phrase:')) return t('viewers.passphrase');
  return pass_id.startsWith('webhook:') ? t('viewers.webhook') : t('viewers.unknownPass');
}
