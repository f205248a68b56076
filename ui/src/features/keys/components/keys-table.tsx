import { useTranslation } from 'react-i18next';
import { DataTable, type Column } from '../../../components/data-table';
import { StateBadge } from '../../../components/state-badge';
import { TimeAgo } from '../../../components/time-ago';
import { useServerNow } from '../../../lib/use-server-now';
import type { NewKey, PublishKey } from '../../../lib/api-types';
import { KeyMenu } from './key-menu';
import { KeySwitch } from './key-switch';
import classes from './keys-table.module.css';

interface KeysTableProps {
  keys: PublishKey[];
  onRotated: (fresh: NewKey) => void;
}

export function KeysTable({ keys, onRotated }: KeysTableProps) {
  const { t } = useTranslation();
  const now = useServerNow();
  const over = (key: PublishKey) => key.expires_ms != null && key.expires_ms <= now;
  const columns: Column<PublishKey>[] = [
    {
      key: 'label',
      head: t('keys.label'),
      kind: 'main',
      compare: (a, b) => a.label.localeCompare(b.label),
      cell: (key) => (
        <>
          <span className={classes.label}>{key.label}</span> <code className={classes.hint}>…{key.hint}</code>
        </>
      ),
    },
    {
      key: 'used',
      head: t('keys.lastUsed'),
      compare: (a, b) => (a.last_used_ms ?? 0) - (b.last_used_ms ?? 0),
      cell: (key) =>
        key.last_used_ms == null ? (
          t('keys.neverUsed')
        ) : (
          <>
            <TimeAgo ms={key.last_used_ms} /> {key.last_used_ip && <span className={classes.from}>{t('keys.lastUsedFrom', { ip: key.last_used_ip })}</span>}
          </>
        ),
    },
    {
      key: 'expires',
      head: t('keys.expires'),
      compare: (a, b) => (a.expires_ms ?? Infinity) - (b.expires_ms ?? Infinity),
      cell: (key) =>
        key.expires_ms == null ? t('keys.neverExpires') : over(key) ? <StateBadge tone="warn" word={t('keys.expired')} /> : <TimeAgo ms={key.expires_ms} />,
    },
    { key: 'enabled', head: t('keys.enabled'), cell: (key) => <KeySwitch of={key} /> },
    { key: 'actions', head: t('keys.actions'), kind: 'actions', cell: (key) => <KeyMenu of={key} onRotated={onRotated} /> },
  ];
  return <DataTable label={t('keys.title')} columns={columns} rows={keys} rowKey={(key) => key.id} faded={(key) => !key.enabled || over(key)} />;
}
