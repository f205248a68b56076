import { useTranslation } from 'react-i18next';
import { DataTable, type Column } from '../../../components/data-table';
import { StateBadge, type Tone } from '../../../components/state-badge';
import { TimeAgo } from '../../../components/time-ago';
import { useServerNow } from '../../../lib/use-server-now';
import type { Pass } from '../../../lib/api-types';
import { passState, type PassState } from '../pass-state';
import { PassMenu } from './pass-menu';

const TONES: Record<PassState, Tone> = { active: 'ok', expired: 'warn', revoked: 'idle' };

interface PassesTableProps {
  passes: Pass[];
  onShowLinks: (pass: Pass) => void;
}

export function PassesTable({ passes, onShowLinks }: PassesTableProps) {
  const { t } = useTranslation();
  const now = useServerNow();
  const columns: Column<Pass>[] = [
    {
      key: 'label',
      head: t('passes.label'),
      kind: 'main',
      compare: (a, b) => a.label.localeCompare(b.label),
      cell: (pass) => <span style={{ fontWeight: 550 }}>{pass.label}</span>,
    },
    {
      key: 'state',
      head: t('passes.state'),
      compare: (a, b) => passState(a, now).localeCompare(passState(b, now)),
      cell: (pass) => <StateBadge tone={TONES[passState(pass, now)]} word={t(`passes.${passState(pass, now)}`)} />,
    },
    {
      key: 'expires',
      head: t('passes.expires'),
      compare: (a, b) => (a.expires_ms ?? Infinity) - (b.expires_ms ?? Infinity),
      cell: (pass) => (pass.expires_ms == null ? t('passes.neverExpires') : <TimeAgo ms={pass.expires_ms} />),
    },
    { key: 'uses', head: t('passes.uses'), compare: (a, b) => a.uses - b.uses, cell: (pass) => pass.uses },
    {
      key: 'used',
      head: t('passes.lastUsed'),
      compare: (a, b) => (a.last_used_ms ?? 0) - (b.last_used_ms ?? 0),
      cell: (pass) => (pass.last_used_ms == null ? t('passes.neverUsed') : <TimeAgo ms={pass.last_used_ms} />),
    },
    { key: 'limit', head: t('passes.maxViewers'), compare: (a, b) => a.max_viewers - b.max_viewers, cell: (pass) => pass.max_viewers || t('passes.anyNumber') },
    { key: 'actions', head: t('passes.actions'), kind: 'actions', cell: (pass) => <PassMenu of={pass} usable={passState(pass, now) === 'active'} onShowLinks={onShowLinks} /> },
  ];
  return <DataTable label={t('passes.title')} columns={columns} rows={passes} rowKey={(pass) => pass.id} faded={(pass) => passState(pass, now) !== 'active'} />;
}
