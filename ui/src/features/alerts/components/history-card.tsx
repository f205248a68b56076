import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { DataTable, type Column } from '../../../components/data-table';
import { LevelMark } from '../../../components/level-mark';
import { Loaded } from '../../../components/loaded';
import { TimeAgo } from '../../../components/time-ago';
import { alertWords } from '../../../lib/alert-words';
import { formatSeconds } from '../../../lib/format';
import type { PastAlert } from '../../../lib/monitor-types';
import { useAlerts } from '../api/use-alerts';

/** What was wrong, for how long. */
export function HistoryCard() {
  const { t } = useTranslation();
  const { query } = useAlerts();
  const columns: Column<PastAlert>[] = [
    { key: 'text', head: t('alerts.history.what'), kind: 'main', cell: (past) => alertWords(past, t).text },
    { key: 'level', head: t('alerts.level'), cell: ({ level }) => <LevelMark level={level} /> },
    { key: 'ended', head: t('alerts.history.ended'), cell: ({ ended_ms }) => <TimeAgo ms={ended_ms} />, compare: (a, b) => b.ended_ms - a.ended_ms },
    {
      key: 'lasted',
      head: t('alerts.history.lasted'),
      cell: ({ since_ms, ended_ms }) => formatSeconds((ended_ms - since_ms) / 1000),
      compare: (a, b) => a.ended_ms - a.since_ms - (b.ended_ms - b.since_ms),
    },
  ];
  return (
    <Card title={t('alerts.history.title')}>
      <Loaded query={query}>
        {({ history }) =>
          history.length === 0 ? (
            <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{t('alerts.history.none')}</p>
          ) : (
            <DataTable label={t('alerts.history.title')} columns={columns} rows={history} rowKey={({ id, ended_ms }) => `${id} ${ended_ms}`} step={10} />
          )
        }
      </Loaded>
    </Card>
  );
}
