import { useTranslation } from 'react-i18next';
import { DataTable, type Column } from '../../../components/data-table';
import { IconButton } from '../../../components/icon-button';
import { StateBadge } from '../../../components/state-badge';
import { TimeAgo } from '../../../components/time-ago';
import type { ApiKey } from '../../../lib/house-types';
import { useServerNow } from '../../../lib/use-server-now';

export function ApiKeysTable({ keys, onRemove }: { keys: ApiKey[]; onRemove: (key: ApiKey) => void }) {
  const { t } = useTranslation();
  const now = useServerNow();
  const over = ({ expires_ms }: ApiKey) => expires_ms != null && expires_ms <= now;
  const columns: Column<ApiKey>[] = [
    {
      key: 'label',
      head: t('apiKeys.label'),
      kind: 'main',
      compare: (a, b) => a.label.localeCompare(b.label),
      cell: ({ label, hint }) => (
        <>
          <span style={{ fontWeight: 550 }}>{label}</span> <code style={{ color: 'var(--ss-dim)', fontSize: 12 }}>…{hint}</code>
        </>
      ),
    },
    { key: 'scope', head: t('apiKeys.scope'), cell: ({ scope }) => t(`apiKeys.scopes.${scope}.name`) },
    {
      key: 'used',
      head: t('apiKeys.lastUsed'),
      compare: (a, b) => (a.last_used_ms ?? 0) - (b.last_used_ms ?? 0),
      cell: ({ last_used_ms }) => (last_used_ms == null ? t('apiKeys.neverUsed') : <TimeAgo ms={last_used_ms} />),
    },
    {
      key: 'expires',
      head: t('apiKeys.expires'),
      compare: (a, b) => (a.expires_ms ?? Infinity) - (b.expires_ms ?? Infinity),
      cell: (key) => (key.expires_ms == null ? t('apiKeys.neverExpires') : over(key) ? <StateBadge tone="warn" word={t('apiKeys.expired')} /> : <TimeAgo ms={key.expires_ms} />),
    },
    {
      key: 'created',
      head: t('apiKeys.created'),
      compare: (a, b) => a.created_ms - b.created_ms,
      cell: ({ created_ms }) => <TimeAgo ms={created_ms} />,
    },
    {
      key: 'actions',
      head: t('apiKeys.actions'),
      kind: 'actions',
      cell: (key) => <IconButton name={t('apiKeys.remove.open', { label: key.label })} icon="trash" onClick={() => onRemove(key)} />,
    },
  ];
  return <DataTable label={t('apiKeys.title')} columns={columns} rows={keys} rowKey={({ id }) => id} faded={over} />;
}
