import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { DataTable, type Column } from '../../../components/data-table';
import { Loaded } from '../../../components/loaded';
import type { StreamStats } from '../../../lib/api-types';
import { formatClock } from '../../../lib/format';
import { useLive } from '../../../lib/use-live';
import { streamStatsQuery } from '../api/use-stats';
import type { Range } from '../range';

/** Which streams were watched most. */
export function StreamRanking({ range }: { range: Range }) {
  const { t } = useTranslation();
  const query = useQuery(streamStatsQuery(range, useLive().clockOffsetMs));
  const columns: Column<StreamStats>[] = [
    {
      key: 'stream',
      head: t('stats.streams.stream'),
      kind: 'main',
      cell: ({ app, stream }) => (
        <Link to="/streams/$app/$stream" params={{ app, stream }} style={{ color: 'var(--ss-accent)' }}>
          {app}/{stream}
        </Link>
      ),
    },
    { key: 'watch', head: t('stats.figures.watchTime'), cell: ({ watch_s }) => formatClock(watch_s), compare: (a, b) => a.watch_s - b.watch_s },
    { key: 'sessions', head: t('stats.figures.sessions'), cell: ({ sessions }) => sessions, compare: (a, b) => a.sessions - b.sessions },
    { key: 'peak', head: t('stats.peak'), cell: ({ peak }) => peak, compare: (a, b) => a.peak - b.peak },
    { key: 'live', head: t('stats.streams.live'), cell: ({ publish_s }) => formatClock(publish_s), compare: (a, b) => a.publish_s - b.publish_s },
  ];
  return (
    <Card title={t('stats.streams.title')}>
      <Loaded query={query}>
        {({ streams }) =>
          streams.length === 0 ? (
            <p style={{ margin: 0, color: 'var(--ss-dim)' }}>{t('stats.streams.none')}</p>
          ) : (
            <DataTable label={t('stats.streams.title')} columns={columns} rows={streams} rowKey={({ app, stream }) => `${app}/${stream}`} step={10} />
          )
        }
      </Loaded>
    </Card>
  );
}
