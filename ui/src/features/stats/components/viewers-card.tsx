import { Skeleton } from '@mantine/core';
import { lazy, Suspense, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Card } from '../../../components/card';
import { EmptyState } from '../../../components/empty-state';
import { KeyValue } from '../../../components/key-value';
import type { ViewerStats } from '../../../lib/api-types';
import { formatClock, formatDateTime } from '../../../lib/format';

const TimeSeries = lazy(() => import('../../../components/time-series').then((module) => ({ default: module.TimeSeries })));

/** How many watched over time, and what that comes to. */
export function ViewersCard({ stats, picker }: { stats: ViewerStats; picker: ReactNode }) {
  const { t } = useTranslation();
  const average = stats.sessions === 0 ? 0 : stats.watch_s / stats.sessions;
  return (
    <Card title={t('stats.chart.title')} aside={picker}>
      {stats.peak === 0 ? (
        <EmptyState icon="viewers" title={t('stats.chart.noneTitle')} text={t('stats.chart.noneText')} />
      ) : (
        <ViewersChart stats={stats} />
      )}
      <div style={{ marginTop: 16 }}>
        <KeyValue
          facts={[
            { name: t('stats.figures.peak'), value: stats.peak },
            { name: t('stats.figures.watchTime'), value: formatClock(stats.watch_s) },
            { name: t('stats.figures.sessions'), value: stats.sessions },
            { name: t('stats.figures.average'), value: formatClock(average) },
          ]}
        />
      </div>
    </Card>
  );
}

function ViewersChart({ stats: { points, peak } }: { stats: ViewerStats }) {
  const { t, i18n } = useTranslation();
  const when = (at: number) => formatDateTime(points[at]?.at_ms ?? 0, i18n.language);
  return (
    <Suspense fallback={<Skeleton h={286} aria-busy="true" aria-label={t('common.loading')} />}>
      <TimeSeries
        label={t('stats.chart.label', { from: when(0), to: when(points.length - 1), peak })}
        times={points.map(({ at_ms }) => at_ms)}
        series={[
          { name: t('stats.chart.highest'), color: '--ss-dim', values: points.map((point) => point.peak), dashed: true },
          { name: t('stats.chart.now'), color: '--ss-accent', values: points.map((point) => point.viewers), filled: true },
        ]}
        describe={(at) => t('stats.chart.at', { time: when(at), viewers: points[at]?.viewers ?? 0, peak: points[at]?.peak ?? 0 })}
      />
    </Suspense>
  );
}
